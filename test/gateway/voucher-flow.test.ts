/** The table of a voucher's life: compared with a model of a few lines, and with the document. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { type VoucherState, voucherStateSchema } from '#device/messages/voucher.ts';
import {
  type Action,
  type Actor,
  actionsIn,
  drawFlow,
  isEnded,
  RULES,
  step,
  writeFlow,
} from '#gateway/funds/flow.ts';

const ACTORS: readonly Actor[] = ['issuing', 'paying', 'beneficiary', 'fund_server'];
const ACTIONS = RULES.map(({ action }) => action);

/** A voucher told in other words: who is waited for, what is frozen and what was captured. */
interface Model {
  readonly agreed: boolean;
  readonly asked: boolean;
  readonly account: 'none' | 'named' | 'verifying' | 'changing';
  readonly frozen: boolean;
  readonly busy: null | 'redeeming' | 'refilling';
  readonly ending: boolean;
  readonly captured: number;
  readonly end: null | 'refused' | 'cancelled' | 'expired' | 'redeemed';
}
const START: Model = {
  ...{ agreed: false, asked: false, account: 'none', frozen: false, busy: null, ending: false },
  ...{ captured: 0, end: null },
};
const FACE = 3;

/** What it becomes, or `null` where that actor may not. */
function model(at: Model, action: Action, actor: Actor): Model | null {
  const { agreed, asked, account, frozen, busy, ending, captured } = at;
  const mine = (...who: Actor[]): boolean => who.includes(actor) && at.end === null;
  const early = !frozen && account !== 'changing';
  const fund = (doing: Model['busy']): boolean => mine('fund_server') && busy === doing;
  const again = at.end === null || at.end === 'redeemed';
  const next: Record<Action, () => false | Partial<Model>> = {
    agree: () => mine('paying') && !agreed && { agreed: true },
    refuse: () => mine('paying') && !agreed && { end: 'refused' },
    request_issue: () => mine('issuing') && agreed && !asked && { asked: true },
    name_account: () =>
      mine('paying') && asked && !frozen && (account === 'none' || account === 'changing')
        ? { account: 'named' }
        : false,
    confirm_account: () => mine('issuing') && account === 'named' && { account: 'verifying' },
    ask_change: () =>
      mine('issuing', 'paying') && early && account !== 'none' && { account: 'changing' },
    freeze: () =>
      mine('fund_server') && account === 'verifying' && { account: 'none', frozen: true },
    reject_account: () => mine('fund_server') && account === 'verifying' && { account: 'none' },
    withdraw: () => mine('issuing', 'paying') && !frozen && { end: 'cancelled' },
    redeem: () => mine('beneficiary') && frozen && !busy && { busy: 'redeeming', ending: false },
    capture_part: () => fund('redeeming') && { busy: null, captured: captured + 1 },
    capture_whole: () => fund('redeeming') && { busy: null, end: 'redeemed', captured: FACE },
    refill: () =>
      actor === 'fund_server' && again && frozen && !busy
        ? { end: null, busy: 'refilling', ending: false }
        : false,
    refilled: () => fund('refilling') && { busy: null, captured: Math.max(0, captured - 1) },
    leave_part: () => fund('refilling') && { busy: null },
    leave_spent: () => fund('refilling') && { busy: null, end: 'redeemed' },
    transfer: () => mine('beneficiary') && frozen && !busy && !ending && {},
    ask_cancel: () => mine('issuing', 'paying') && frozen && !busy && !ending && { ending: true },
    agree_cancel: () => mine('beneficiary') && ending && { end: 'cancelled' },
    refuse_cancel: () => mine('beneficiary') && ending && { ending: false },
    give_up: () => mine('beneficiary') && frozen && !busy && !ending && { end: 'cancelled' },
    expire: () => mine('fund_server') && !busy && { end: 'expired' },
  };
  const made = next[action]();
  return made === false ? null : { ...at, ...made };
}

function stateOf(at: Model): VoucherState {
  if (at.end !== null) return at.end;
  if (at.busy !== null) return at.busy;
  if (at.ending) return 'cancel_asked';
  if (at.frozen) return 'issued';
  if (at.account !== 'none') return at.account;
  return at.asked ? 'requested' : at.agreed ? 'agreed' : 'asked';
}

describe('the table of a voucher', () => {
  test('agrees with the model in every path of eight steps, for every actor and action', () => {
    const reached = new Set<VoucherState>();
    let paths = 0;
    const explore = (state: VoucherState, at: Model, depth: number): void => {
      reached.add(state);
      paths += 1;
      if (at.captured > FACE) throw new Error('more than its face');
      for (const action of ACTIONS) {
        let next: Model | null = null;
        for (const actor of ACTORS) {
          const taken = step(state, action, [actor]);
          const expected = model(at, action, actor);
          if (taken.ok !== (expected !== null)) {
            assert.fail(`${action} by ${actor} in ${state}: ${JSON.stringify(taken)}`);
          }
          if (!taken.ok || expected === null) continue;
          if (taken.to !== stateOf(expected)) {
            assert.fail(`${action} in ${state}: ${taken.to}, the model ${stateOf(expected)}`);
          }
          next = expected;
        }
        // A part of what is left, and never the last of it: that is the whole.
        const possible = action !== 'capture_part' || at.captured < FACE - 1;
        if (next !== null && possible && depth > 0) explore(stateOf(next), next, depth - 1);
      }
    };
    explore('asked', START, 8);
    // Whole and part are redeemed beyond eight steps of the longest way, and explored from there.
    const issued: Model = { ...START, agreed: true, asked: true, frozen: true };
    explore('issued', issued, 8);
    assert.deepEqual([...reached].sort(), [...voucherStateSchema.options].sort());
    assert.ok(paths > 1000, `${paths} paths`);
  });

  test('what has ended stays as it is, and everything else can end', () => {
    for (const state of voucherStateSchema.options) {
      const actions = actionsIn(state, ACTORS);
      // What was spent at a till may come back.
      const left = state === 'redeemed' ? ['refill'] : [];
      assert.equal(isEnded(state), actions.join() === left.join(), state);
      const ends = new Set<VoucherState>();
      const go = (at: VoucherState): void => {
        if (ends.has(at)) return;
        ends.add(at);
        for (const action of actionsIn(at, ACTORS)) {
          const taken = step(at, action, ACTORS);
          if (taken.ok) go(taken.to);
        }
      };
      go(state);
      assert.ok([...ends].some(isEnded), state);
    }
  });

  test('docs/voucher.md shows this very table, and draws it', () => {
    const text = readFileSync(join(import.meta.dirname, '../../docs/voucher.md'), 'utf8');
    for (const shown of [writeFlow(), drawFlow()]) {
      assert.ok(text.includes(shown), `put this into docs/voucher.md:\n${shown}`);
    }
  });
});
