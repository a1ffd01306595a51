/** Payers log in with the account that they pay from elsewhere: phone number and PIN, with its lock. */
import type { AcquirerGate } from '../acquirer/gate.ts';
import type { AdmitAnswer } from '../issuer/gate.ts';
import { PeerError } from '../peers/client.ts';
import type { SignedIn, SignIn } from './sessions.ts';

/** Asks whoever keeps the accounts, wherever that is; no answer is one, too. */
export const signInWith =
  (gate: Pick<AcquirerGate, 'present' | 'admit'>): SignIn =>
  async (phone, pin) => {
    const payer = await gate.present({ by: 'pin', phone, pin });
    const { admit } = gate;
    if (admit.where === 'here') return (tx) => read(admit.ask(tx, { payer }));
    const signed = await admit.ask({ payer }).then(read, (cause: unknown): SignedIn => {
      if (!(cause instanceof PeerError)) throw cause;
      return { ok: false, code: 'issuer_unreachable' };
    });
    return () => signed;
  };

function read(answer: AdmitAnswer): SignedIn {
  switch (answer.said) {
    case 'admitted':
      return { ok: true, payer: answer.account, masked: answer.payer };
    case 'not_admitted': {
      const { code, tries_left, retry_at } = answer;
      return code === 'wrong_pin' ? { ok: false, code, tries_left } : { ok: false, code, retry_at };
    }
    case 'declined':
      return { ok: false, code: 'wrong_pin' };
  }
}
