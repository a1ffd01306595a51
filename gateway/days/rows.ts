/** What the store keeps of a day as JSON, decoded. */
import {
  type DayDifference,
  type DayHead,
  type DayLine,
  dayDifferenceSchema,
  dayHeadSchema,
  dayLineSchema,
} from '#device/messages/day.ts';
import type { DayDifferenceRow, DayLineRow, DayRow } from '../store/tables-days.ts';

export const headOf = ({ head }: Pick<DayRow, 'head'>): DayHead =>
  dayHeadSchema.parse(JSON.parse(head));

export const lineOf = ({ body }: Pick<DayLineRow, 'body'>): DayLine =>
  dayLineSchema.parse(JSON.parse(body));

export const differenceOf = ({ body }: Pick<DayDifferenceRow, 'body'>): DayDifference =>
  dayDifferenceSchema.parse(JSON.parse(body));
