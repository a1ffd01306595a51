/** The fields of parties' pages, each with what was typed and what is wrong with it. */
import type { Language } from '#device/messages/enrolment.ts';
import { type Html, html } from '../web/html.ts';
import type { Complaint } from './forms.ts';
import { type FundWord, fundSay as t } from './words.ts';

export interface PartyPage {
  readonly language: Language;
  readonly complaint: Complaint | null;
  /** What was typed, to be shown again beside what is wrong with it. */
  readonly typed?: Readonly<Record<string, string | undefined>>;
  readonly notice: string | null;
  /** Path of this page, for the other language. */
  readonly path: string;
}

export interface Named {
  readonly id: string;
  readonly name: string;
}

export const alertOf = (complaint: Complaint | null): Html | null =>
  complaint === null
    ? null
    : html`<p class="alert" role="alert" id="alert" data-code="${complaint.code}">${complaint.says}</p>`;

/** What is wrong with a field, above its label. */
export const alertAt = ({ complaint }: PartyPage, field: string): Html | null =>
  complaint?.field === field ? alertOf(complaint) : null;

/** Marks the field that a refusal is about. */
export const blame = ({ complaint }: PartyPage, field: string): Html | null =>
  complaint?.field === field ? html` aria-invalid="true" aria-describedby="alert" autofocus` : null;

export function choices(page: PartyPage, name: FundWord, named: readonly Named[]): Html {
  const typed = page.typed?.[name];
  const options = named.map(
    ({ id, name: says }) =>
      html`<option value="${id}"${id === typed ? html` selected` : null}>${says}</option>`,
  );
  return html`${alertAt(page, name)}<label for="${name}">${t(page.language, name)}</label><select id="${name}" name="${name}" required${blame(page, name)}>${options}</select>`;
}

/** More make a page long to load and to read: then whoever is meant is typed. */
export const CHOICES = 40;

/** Nobody is chosen yet: what is given away by mistake does not come back. */
export function chooseParty(page: PartyPage, name: FundWord, named: readonly Named[]): Html {
  if (named.length <= CHOICES) {
    return choices(page, name, [{ id: '', name: t(page.language, 'choose') }, ...apart(named)]);
  }
  const hint = t(page.language, 'party_id');
  return field(page, name, html`autocapitalize="none" maxlength="30" placeholder="${hint}"`);
}

/** Of several with one name each is told apart by what it logs in by. */
const apart = (named: readonly Named[]): Named[] =>
  named.map(({ id, name }) => {
    const alike = named.some((other) => other.id !== id && other.name === name);
    return { id, name: alike ? `${name} (${id})` : name };
  });

export function field(page: PartyPage, name: FundWord, more: Html, value = ''): Html {
  const typed = name === 'pin' ? '' : (page.typed?.[name] ?? value);
  return html`${alertAt(page, name)}<label for="${name}">${t(page.language, name)}</label><input id="${name}" name="${name}" required ${more} value="${typed}"${blame(page, name)}>`;
}

export const phoneAndPin = (page: PartyPage): Html =>
  html`${field(page, 'phone', html`type="tel" autocomplete="tel" maxlength="30"`)}${field(page, 'pin', html`type="password" inputmode="numeric" pattern="[0-9]{4,12}" autocomplete="off" maxlength="12"`)}`;
