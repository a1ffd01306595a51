/** Payers log in with the account that they pay from elsewhere: phone number and PIN, with its lock. */
import type { Clock } from '../clock.ts';
import { admit } from '../issuer/admission.ts';
import type { Issuer } from '../issuer/issuer.ts';
import { maskPhone } from '../issuer/mask.ts';
import type { SignIn } from './sessions.ts';

export const signInWith =
  (issuer: Issuer, clock: Clock): SignIn =>
  async (phone, pin) => {
    const presented = await issuer.present({ by: 'pin', phone, pin });
    return (tx) => {
      const admitted = admit(tx, presented, clock.now());
      switch (admitted.said) {
        case 'admitted':
          return { ok: true, payer: admitted.payer.id, masked: maskPhone(admitted.payer.phone) };
        case 'not_admitted': {
          const { code, tries_left, retry_at } = admitted;
          return code === 'wrong_pin'
            ? { ok: false, code, tries_left }
            : { ok: false, code, retry_at };
        }
        case 'declined':
          return { ok: false, code: 'wrong_pin' };
      }
    };
  };
