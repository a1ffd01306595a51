/**
 * The life of a voucher as one table: who may do what in which state, and what it leads to. Nothing
 * else decides it; docs/voucher.md shows the same table.
 */
import type { VoucherState } from '#device/messages/voucher.ts';

/** What a party is to one voucher; one party may be several. */
export type Actor = 'issuing' | 'paying' | 'beneficiary' | 'fund_server';

export type Action =
  | 'agree'
  | 'refuse'
  | 'request_issue'
  | 'name_account'
  | 'confirm_account'
  | 'ask_change'
  | 'freeze'
  | 'reject_account'
  | 'withdraw'
  | 'redeem'
  | 'capture_part'
  | 'capture_whole'
  | 'refill'
  | 'refilled'
  | 'leave_part'
  | 'leave_spent'
  | 'transfer'
  | 'ask_cancel'
  | 'agree_cancel'
  | 'refuse_cancel'
  | 'give_up'
  | 'expire';

/** What else has to be true; the fund server refuses the action where it is not. */
export type Guard = 'changes_left' | 'redeemable' | 'transferable';

export interface Rule {
  readonly action: Action;
  readonly by: readonly Actor[];
  readonly from: readonly VoucherState[];
  readonly to: VoucherState;
  readonly guard?: Guard;
}

export const RULES: readonly Rule[] = [
  { action: 'agree', by: ['paying'], from: ['asked'], to: 'agreed' },
  { action: 'refuse', by: ['paying'], from: ['asked'], to: 'refused' },
  { action: 'request_issue', by: ['issuing'], from: ['agreed'], to: 'requested' },
  { action: 'name_account', by: ['paying'], from: ['requested', 'changing'], to: 'named' },
  { action: 'confirm_account', by: ['issuing'], from: ['named'], to: 'verifying' },
  {
    action: 'ask_change',
    by: ['issuing', 'paying'],
    from: ['named', 'verifying'],
    to: 'changing',
    guard: 'changes_left',
  },
  { action: 'freeze', by: ['fund_server'], from: ['verifying'], to: 'issued' },
  { action: 'reject_account', by: ['fund_server'], from: ['verifying'], to: 'requested' },
  {
    action: 'withdraw',
    by: ['issuing', 'paying'],
    from: ['asked', 'agreed', 'requested', 'named', 'verifying', 'changing'],
    to: 'cancelled',
  },
  {
    action: 'redeem',
    by: ['beneficiary'],
    from: ['issued', 'cancel_asked'],
    to: 'redeeming',
    guard: 'redeemable',
  },
  { action: 'capture_part', by: ['fund_server'], from: ['redeeming'], to: 'issued' },
  { action: 'capture_whole', by: ['fund_server'], from: ['redeeming'], to: 'redeemed' },
  {
    action: 'refill',
    by: ['fund_server'],
    from: ['issued', 'cancel_asked', 'redeemed'],
    to: 'refilling',
  },
  { action: 'refilled', by: ['fund_server'], from: ['refilling'], to: 'issued' },
  { action: 'leave_part', by: ['fund_server'], from: ['refilling'], to: 'issued' },
  { action: 'leave_spent', by: ['fund_server'], from: ['refilling'], to: 'redeemed' },
  {
    action: 'transfer',
    by: ['beneficiary'],
    from: ['issued'],
    to: 'issued',
    guard: 'transferable',
  },
  { action: 'ask_cancel', by: ['issuing', 'paying'], from: ['issued'], to: 'cancel_asked' },
  { action: 'agree_cancel', by: ['beneficiary'], from: ['cancel_asked'], to: 'cancelled' },
  { action: 'refuse_cancel', by: ['beneficiary'], from: ['cancel_asked'], to: 'issued' },
  // Whoever it is for asks nobody: what is left goes back to whom it came from.
  { action: 'give_up', by: ['beneficiary'], from: ['issued'], to: 'cancelled' },
  {
    action: 'expire',
    by: ['fund_server'],
    from: [
      ...(['asked', 'agreed', 'requested', 'named', 'verifying', 'changing'] as const),
      ...(['issued', 'cancel_asked'] as const),
    ],
    to: 'expired',
  },
];

export type Step =
  | { readonly ok: true; readonly to: VoucherState; readonly guard: Guard | null }
  | { readonly ok: false; readonly why: 'wrong_party' | 'wrong_state' };

/** What an action leads to; whose it is not comes before what it is too early or too late for. */
export function step(state: VoucherState, action: Action, actors: readonly Actor[]): Step {
  const rule = ruleOf(action);
  if (!rule.by.some((actor) => actors.includes(actor))) return { ok: false, why: 'wrong_party' };
  if (!rule.from.includes(state)) return { ok: false, why: 'wrong_state' };
  return { ok: true, to: rule.to, guard: rule.guard ?? null };
}

export function ruleOf(action: Action): Rule {
  const rule = RULES.find((each) => each.action === action);
  if (rule === undefined) throw new Error(`no rule for ${action}`);
  return rule;
}

/** What these actors may do in a state, without looking at guards. */
export const actionsIn = (state: VoucherState, actors: readonly Actor[]): Action[] =>
  RULES.filter(
    ({ by, from }) => from.includes(state) && by.some((actor) => actors.includes(actor)),
  ).map(({ action }) => action);

/** Whether nothing leads on from it, but that what a till took is given back. */
export const isEnded = (state: VoucherState): boolean =>
  !RULES.some(({ action, from }) => action !== 'refill' && from.includes(state));

/** The table as docs/voucher.md shows it (Markdown). */
export const writeFlow = (): string =>
  [
    '| action | by | in | leads to | unless refused |',
    '|---|---|---|---|---|',
    ...RULES.map(
      ({ action, by, from, to, guard }) =>
        `| ${action} | ${by.join(', ')} | ${from.join(', ')} | ${to} | ${guard ?? ''} |`,
    ),
  ].join('\n');

const EARLY: readonly VoucherState[] = ruleOf('withdraw').from;

/** The same drawn: what leads out of every state before a voucher is issued is one arrow (Mermaid). */
export function drawFlow(): string {
  const arrows = RULES.flatMap(({ action, from, to }) => {
    const whole = EARLY.every((state) => from.includes(state));
    const apart = whole ? from.filter((state) => !EARLY.includes(state)) : from;
    return [...(whole ? ['early'] : []), ...apart].map((state) => ({ from: state, to, action }));
  });
  const isEarly = ({ from, to }: (typeof arrows)[number]): boolean =>
    [from, to].every((state) => EARLY.some((early) => early === state));
  const draw = (among: typeof arrows): string[] =>
    [...Map.groupBy(among, ({ from, to }) => `${from} --> ${to}`)].map(
      ([way, those]) => `${way}: ${those.map(({ action }) => action).join(', ')}`,
    );
  return [
    'stateDiagram-v2',
    '  state "not issued yet" as early {',
    ...['[*] --> asked', ...draw(arrows.filter(isEarly))].map((line) => `    ${line}`),
    '  }',
    ...draw(arrows.filter((each) => !isEarly(each))).map((line) => `  ${line}`),
  ].join('\n');
}
