/**
 * Payers look after their own contracts: they prove who they are to the issuer (phone number and PIN,
 * and once name and identity number), and then register, change and end their ways to pay.
 */
import { base64url } from '#device/codecs/bytes.ts';
import type { Chance, Clock } from '../../clock.ts';
import { type Ask, askGate } from '../../gate.ts';
import type { AdmitAnswer, AdmitRequest, IssuerPresents, PayerProof } from '../../issuer/gate.ts';
import { type GatewayKeys, keyedDigest } from '../../keys.ts';
import { PeerError } from '../../peers/client.ts';
import type { Tables } from '../../store/tables.ts';
import type { ContractRow, PasskeyRow } from '../../store/tables-links.ts';
import type { PayerSessionRow } from '../../store/tables-payers.ts';
import type { Transaction, Writer } from '../../store/writer.ts';
import type { Stretch } from '../../stretch.ts';
import {
  accountOf,
  hashContractPassword,
  proofOf,
  sealAccount,
  sealIdentity,
} from '../links/contracts.ts';
import {
  addPasskey,
  CHALLENGE_MS,
  type MadePasskey,
  type Registering,
} from '../links/registration.ts';

export interface PayerDeskParts {
  readonly tables: Tables;
  readonly writer: Writer;
  readonly clock: Pick<Clock, 'now'>;
  readonly chance: Chance;
  readonly keys: Pick<GatewayKeys, 'digest'>;
  readonly stretch?: Stretch | undefined;
  readonly issuer: IssuerPresents & { readonly admit: Ask<AdmitRequest, AdmitAnswer> };
}

export const SESSION_S = 15 * 60;
/** Wrong names or identity numbers in one session. */
const WRONG = 5;

type NotIn =
  | { readonly said: 'not_admitted'; readonly code: 'wrong_pin'; readonly tries_left?: number }
  | { readonly said: 'not_admitted'; readonly code: 'account_locked' | 'issuer_unreachable' };
export type LoggedIn = { readonly said: 'in'; readonly token: string } | NotIn;
export type Identified = 'identified' | 'wrong' | 'ended' | 'issuer_unreachable';

/** What a payer may see of a session: contracts and passkeys, all of them their own. */
export interface PayerView {
  readonly session: PayerSessionRow;
  /** `null` until name and identity number were compared. */
  readonly payer: string | null;
  readonly contracts: readonly ContractRow[];
  readonly passkeys: readonly PasskeyRow[];
}

export class PayerDesk {
  readonly #parts: PayerDeskParts;

  constructor(parts: PayerDeskParts) {
    this.#parts = parts;
  }

  /** Phone number (E.164) and PIN, as the issuer's account proves; wrong ones count there. */
  async logIn(phone: string, pin: string): Promise<LoggedIn> {
    const { writer, chance, clock } = this.#parts;
    const answer = await this.#admit({ by: 'pin', phone, pin });
    if (answer === null) return { said: 'not_admitted', code: 'issuer_unreachable' };
    if (answer.said === 'declined') return { said: 'not_admitted', code: 'wrong_pin' };
    if (answer.said === 'not_admitted') {
      const { code, tries_left } = answer;
      if (code === 'account_locked') return { said: 'not_admitted', code };
      return { said: 'not_admitted', code, ...(tries_left === undefined ? {} : { tries_left }) };
    }
    await this.#forgetForeign(phone);
    const token = base64url(chance.bytes(32));
    const now = Math.floor(clock.now());
    await writer.run((tx) => {
      tx.payerDesk.forget(now);
      tx.payerDesk.addSession({
        ...{ digest: this.#digest(token), phone, masked: answer.payer, wrong: 0 },
        until: now + SESSION_S * 1000,
      });
    });
    return { said: 'in', token };
  }

  /** A phone number may have a new owner, whose account the contracts of the old one are not. */
  async #forgetForeign(phone: string): Promise<void> {
    const { tables, keys, writer } = this.#parts;
    const payer = tables.payerDesk.payerOf(phone);
    const known = payer === undefined ? [] : tables.links.contractsOf(payer);
    const [contract] = known.filter((each) => each.phone === phone && each.state === 'active');
    if (payer === undefined || contract === undefined) return;
    const answer = await this.#admit(proofOf(tables, keys, contract));
    if (answer?.said === 'declined') await writer.run((tx) => this.#endAll(tx, payer));
  }

  /** Whose token this is, with what they have. */
  view(token: string | null): PayerView | null {
    if (token === null) return null;
    const { tables, clock } = this.#parts;
    const session = tables.payerDesk.session(this.#digest(token));
    if (session === undefined || session.until <= clock.now()) return null;
    const payer = this.#identified(tables, session.phone);
    const contracts = payer === null ? [] : tables.links.contractsOf(payer);
    const own = contracts.filter(
      ({ phone, state }) => phone === session.phone && state === 'active',
    );
    const passkeys = own
      .flatMap(({ id }) => tables.links.passkeysOf(id))
      .filter(({ state }) => state === 'active');
    return { session, payer, contracts: own, passkeys };
  }

  /** The payer that has an active contract under this number, and so was compared before. */
  #identified(tables: Pick<Tables, 'payerDesk' | 'links'>, phone: string): string | null {
    const payer = tables.payerDesk.payerOf(phone);
    if (payer === undefined) return null;
    const active = tables.links.contractsOf(payer).some((each) => each.state === 'active');
    return active ? payer : null;
  }

  async logOut(token: string): Promise<void> {
    await this.#parts.writer.run((tx) => tx.payerDesk.endSession(this.#digest(token)));
  }

  /** Compares name and identity number with the issuer's account, and keeps them for payments. */
  async identify(
    { session }: PayerView,
    name: string,
    identityNumber: string,
    first: FirstContract,
  ): Promise<Identified> {
    const { phone } = session;
    const proof = { by: 'identity', name, identity_number: identityNumber, phone } as const;
    const answer = await this.#admit(proof);
    if (answer === null) return 'issuer_unreachable';
    const { writer, keys, chance, stretch } = this.#parts;
    if (answer.said !== 'admitted') {
      return writer.run((tx) => {
        tx.payerDesk.countWrong(session.digest);
        if (session.wrong + 1 < WRONG) return 'wrong';
        tx.payerDesk.endSession(session.digest);
        return 'ended';
      });
    }
    const secret = await hashContractPassword(keys, first.password, chance.bytes(16), stretch);
    await writer.run((tx) => {
      const known = tx.payerDesk.payerOf(phone);
      const payer = known ?? `ap-${base64url(chance.bytes(8))}`;
      const sealed = sealIdentity(keys, chance, payer, identityNumber);
      if (known === undefined) tx.links.addPayer({ id: payer, name, identity_sealed: sealed });
      else tx.payerDesk.renamePayer(payer, name, sealed);
      this.#put(tx, { payer, phone }, 'password', 'password', secret);
    });
    return 'identified';
  }

  async setPassword({ session, payer }: PayerView, password: string): Promise<boolean> {
    const { writer, keys, chance, stretch } = this.#parts;
    if (payer === null) return false;
    const secret = await hashContractPassword(keys, password, chance.bytes(16), stretch);
    const { phone } = session;
    await writer.run((tx) => this.#put(tx, { payer, phone }, 'password', 'password', secret));
    return true;
  }

  async setPlatform(
    { session, payer }: PayerView,
    name: string,
    account: string,
  ): Promise<boolean> {
    if (payer === null) return false;
    const { phone } = session;
    const { writer, keys, chance } = this.#parts;
    const sealed = sealAccount(keys, chance, payer, account);
    await writer.run((tx) =>
      this.#put(tx, { payer, phone }, `platform:${name}`, 'platform', sealed),
    );
    return true;
  }

  /** The account of a payer's own contract with a platform. */
  accountOf(contract: ContractRow): string | null {
    return accountOf(this.#parts.keys, contract);
  }

  /** Ends a contract of the payer's own; with it go its passkeys. */
  async end({ contracts }: PayerView, id: string): Promise<boolean> {
    const contract = contracts.find((each) => each.id === id);
    if (contract === undefined) return false;
    await this.#parts.writer.run((tx) => this.#end(tx, contract));
    return true;
  }

  /** Takes one passkey of the payer's own away; with the last the contract ends. */
  async removePasskey({ passkeys, contracts }: PayerView, id: string): Promise<boolean> {
    const passkey = passkeys.find((each) => each.id === id);
    const contract = contracts.find((each) => each.id === passkey?.contract);
    if (passkey === undefined || contract === undefined) return false;
    await this.#parts.writer.run((tx) => {
      tx.links.setPasskey(passkey.id, passkey.counter, 'suspended');
      if (passkeys.length > 1) this.#event(tx, contract.id, 'changed');
      else this.#end(tx, contract);
    });
    return true;
  }

  /** 32 bytes, good once for this session. */
  async challenge({ session }: PayerView): Promise<Uint8Array> {
    const { writer, chance, clock } = this.#parts;
    const challenge = chance.bytes(32);
    const until = Math.floor(clock.now()) + CHALLENGE_MS;
    const digest = this.#challengeDigest(base64url(challenge));
    await writer.run((tx) => tx.payerDesk.addChallenge(digest, session.digest, until));
    return challenge;
  }

  /** Takes the challenge away; whether it was this session's. */
  async takeChallenge({ session }: PayerView, challenge: string): Promise<boolean> {
    const { writer, clock } = this.#parts;
    const digest = this.#challengeDigest(challenge);
    const of = await writer.run((tx) => tx.payerDesk.takeChallenge(digest, clock.now()));
    return of === session.digest;
  }

  addPasskey({ session, payer }: PayerView, made: MadePasskey): Promise<boolean> {
    const { writer, chance, clock } = this.#parts;
    if (payer === null) return Promise.resolve(false);
    const freshId = `ac-${base64url(chance.bytes(8))}`;
    const who = { payer, phone: session.phone };
    return writer.run((tx) => addPasskey(tx, who, made, freshId, Math.floor(clock.now())));
  }

  /** `null` where the issuer could not be asked. */
  async #admit(proof: PayerProof): Promise<AdmitAnswer | null> {
    const { writer, issuer } = this.#parts;
    const payer = await issuer.present(proof);
    return askGate(writer, issuer.admit, { payer }).catch((cause: unknown) => {
      if (cause instanceof PeerError) return null;
      throw cause;
    });
  }

  #put(
    tx: Transaction,
    { payer, phone }: Registering,
    method: string,
    verification: 'password' | 'platform',
    secret: string,
  ): void {
    const known = tx.links.contractsOf(payer).find((each) => each.method === method);
    if (known !== undefined) {
      tx.payerDesk.renewContract(known.id, secret, 'active');
      this.#event(tx, known.id, known.state === 'active' ? 'changed' : 'registered');
      return;
    }
    const id = `ac-${base64url(this.#parts.chance.bytes(8))}`;
    tx.links.addContract({ id, payer, method, phone, verification, secret, state: 'active' });
    this.#event(tx, id, 'registered');
  }

  #end(tx: Transaction, contract: ContractRow): void {
    // What it was verified by goes with it: taken up again, it has a secret of its own.
    const secret = contract.secret === null ? null : ENDED;
    tx.payerDesk.renewContract(contract.id, secret, 'ended');
    for (const { id, counter } of tx.links.passkeysOf(contract.id)) {
      tx.links.setPasskey(id, counter, 'suspended');
    }
    this.#event(tx, contract.id, 'ended');
  }

  #endAll(tx: Transaction, payer: string): void {
    for (const each of tx.links.contractsOf(payer))
      if (each.state === 'active') this.#end(tx, each);
  }

  #event(tx: Transaction, contract: string, what: 'registered' | 'changed' | 'ended'): void {
    tx.payerDesk.addEvent({ contract, what, at: Math.floor(this.#parts.clock.now()) });
  }

  #digest(token: string): string {
    return keyedDigest(this.#parts.keys, `payer session\n${token}`);
  }

  #challengeDigest(challenge: string): string {
    return keyedDigest(this.#parts.keys, `payer challenge\n${challenge}`);
  }
}

/** No hash and no account looks like it. */
const ENDED = 'ended';

/** The password that a payer sets with the first registration. */
export interface FirstContract {
  readonly password: string;
}
