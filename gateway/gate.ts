/**
 * A gate is what one organisation shows another. In the same store its verbs are functions of the
 * caller's transaction, elsewhere they are calls; whoever asks writes `begin → ask → finish` once.
 */
import type { Transaction, Writer } from './store/writer.ts';

/** One question that a gate answers. */
export interface Verb<Q, A> {
  readonly question: Q;
  readonly answer: A;
}

/** A verb in the same store is answered inside the unit of whoever asks: all is committed, or nothing. */
export interface AskHere<Q, A> {
  readonly where: 'here';
  readonly ask: (tx: Transaction, question: Q) => A;
}

/** Elsewhere it is answered later. A rejection means that nobody knows what became of it. */
export interface AskThere<Q, A> {
  readonly where: 'there';
  readonly ask: (question: Q) => Promise<A>;
}

/** One verb of a gate, wherever it is. */
export type Ask<Q, A> = AskHere<Q, A> | AskThere<Q, A>;

export type Gate<Verbs> = {
  readonly [Name in keyof Verbs]: Verbs[Name] extends Verb<infer Q, infer A> ? Ask<Q, A> : never;
};
export type GateHere<Verbs> = {
  readonly [Name in keyof Verbs]: Verbs[Name] extends Verb<infer Q, infer A>
    ? AskHere<Q, A>
    : never;
};

export type GateThere<Verbs> = {
  readonly [Name in keyof Verbs]: Verbs[Name] extends Verb<infer Q, infer A>
    ? AskThere<Q, A>
    : never;
};

export const here = <Q, A>(ask: (tx: Transaction, question: Q) => A): AskHere<Q, A> => ({
  where: 'here',
  ask,
});
export const there = <Q, A>(ask: (question: Q) => Promise<A>): AskThere<Q, A> => ({
  where: 'there',
  ask,
});

export interface Steps<Q, A, End> {
  /** Looks whether there is anything to ask; writes what is true whatever the answer will be. */
  begin(tx: Transaction): { readonly ask: Q } | { readonly end: End };
  /** Only where the answer comes later: writes what must survive until then. */
  remember(tx: Transaction, question: Q): void;
  finish(tx: Transaction, question: Q, answer: A): End;
  /** No answer came: leaves it open for whoever resolves it. Its end is what can be said now. */
  lost(tx: Transaction, question: Q, cause: unknown): End;
}

/**
 * Takes the steps: one unit of the writer where the gate is in the same store, else two with the
 * answer between. Rejects with a `StoreError` where a unit was not stored.
 */
export async function through<Q, A, End>(
  writer: Writer,
  gate: Ask<Q, A>,
  steps: Steps<Q, A, End>,
): Promise<End> {
  if (gate.where === 'here') return writer.run((tx) => throughHere(tx, gate.ask, steps));
  const begun = await writer.run((tx) => {
    const step = steps.begin(tx);
    if ('ask' in step) steps.remember(tx, step.ask);
    return step;
  });
  if ('end' in begun) return begun.end;
  const { ask } = begun;
  const heard = await gate.ask(ask).then(
    (answer) => ({ answer }),
    (cause: unknown) => ({ cause }),
  );
  return writer.run((tx) =>
    'answer' in heard ? steps.finish(tx, ask, heard.answer) : steps.lost(tx, ask, heard.cause),
  );
}

/** The steps inside a unit that is already open. */
export function throughHere<Q, A, End>(
  tx: Transaction,
  ask: (tx: Transaction, question: Q) => A,
  steps: Pick<Steps<Q, A, End>, 'begin' | 'finish'>,
): End {
  const step = steps.begin(tx);
  return 'end' in step ? step.end : steps.finish(tx, step.ask, ask(tx, step.ask));
}

/** Asks outside any unit of the asker's. */
export const askGate = <Q, A>(writer: Writer, gate: Ask<Q, A>, question: Q): Promise<A> =>
  gate.where === 'here' ? writer.run((tx) => gate.ask(tx, question)) : gate.ask(question);
