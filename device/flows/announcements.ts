/** What is said aloud of results and refunds, once, and printed. */
import { sayRefund, sayResult, sayWebPaid } from '../words/clips.ts';
import { printedBill, printedRefund, printedWebPaid } from './bill.ts';
import { stepRefundSpoken } from './refund.ts';
import { announceSale } from './sale.ts';
import { type Effect, type OrganState, type Step, stay, type TerminalState } from './state.ts';
import { isListening } from './voice.ts';
import { stepWebPaidSpoken } from './web-paid.ts';

/** Of an organ that nobody has told of yet. */
export const STARTING: OrganState = { is: 'starting' };

/** Says what is to be said once it is known whether there is a speaker to say it. */
export function flushAnnouncements(state: TerminalState, effects: readonly Effect[]): Step {
  // What the terminal says must not be heard as what the vendor says.
  if (state.toAnnounce.length === 0 || isListening(state)) return { state, effects };
  const speakers = rolesStates(state, 'speaker');
  if (speakers.some((speaker) => speaker.is === 'starting')) return { state, effects };
  const heard = speakers.some((speaker) => speaker.is === 'working');
  const { stall } = state.settings;
  let next: TerminalState = { ...state, toAnnounce: [] };
  const out: Effect[] = [...effects];
  for (const { result, refund, web, earlier } of state.toAnnounce) {
    if (web !== undefined) {
      const clips = sayWebPaid(web, stall.language, { earlier });
      if (!earlier) out.push({ do: 'print', receipt: printedWebPaid(web, stall) });
      if (heard) out.push({ do: 'speak', clips, order: web.order, web: true });
      else out.push(...stepWebPaidSpoken(next, web.order, false).effects);
      continue;
    }
    if (refund !== undefined) {
      const clips = sayRefund(refund, stall.language, { earlier });
      if (!earlier) out.push({ do: 'print', receipt: printedRefund(refund, stall) });
      if (heard) out.push({ do: 'speak', clips, order: refund.order, refund });
      else out.push(...stepRefundSpoken(next, refund.order, refund.refund, false).effects);
      continue;
    }
    const sale = state.sales.get(result.order);
    if (result.outcome === 'paid' && !earlier && sale !== undefined) {
      out.push({ do: 'print', receipt: printedBill(sale.order, result, stall) });
    }
    const offline = sale?.debit?.payment?.offline === true && !sale.debit.told;
    const clips = sayResult(result, stall.language, { earlier, offline });
    if (heard) out.push({ do: 'speak', clips, order: result.order });
    else {
      const silent = stepSpoken(next, result.order, false);
      next = silent.state;
      out.push(...silent.effects);
    }
  }
  return { state: next, effects: out };
}

/** It sounded, or the screen and the buzzer must do: either way it is not announced again. */
export function stepSpoken(state: TerminalState, order: string, heard: boolean): Step {
  const sale = state.sales.get(order);
  if (sale === undefined || sale.announced) return stay(state);
  const said = announceSale(sale);
  const sales = state.sales.with(order, said.sale);
  const announced: Effect = { do: 'journal', entry: said.entry };
  if (heard) return stay({ ...state, sales }, announced);
  const pattern = sale.result?.outcome === 'paid' ? 'good' : 'bad';
  return stay({ ...state, sales }, announced, { do: 'beep', pattern });
}

/** States of all organs of one role. */
function rolesStates(state: TerminalState, role: string): OrganState[] {
  return state.settings.organs
    .filter((organ) => organ.role === role)
    .map((organ) => state.organs.get(organ.name) ?? STARTING);
}
