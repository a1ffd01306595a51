/** What a phone shows once it is paired with the terminal: its own page, in small. */
import { fill, make, mark, write } from './dom.js';
import { money } from './money.js';
import { spokenLanguage, t, tryWord } from './words.js';

/** A choice of people and the secret that goes with each; what its owner types stays. */
export function buildChooser(kind, onsubmit) {
  const who = make('select', { name: 'who' });
  const secret = make('input', {
    name: 'secret',
    autocomplete: 'off',
    size: kind === 'pin' ? 6 : 14,
  });
  if (kind === 'pin') mark(secret, 'inputmode', 'numeric');
  const whoLabel = make('span', {});
  const secretLabel = make('span', {});
  const submit = make('button', { class: 'main' });
  const form = make(
    'form',
    { class: 'pay', 'data-kind': kind },
    make('label', {}, whoLabel, who),
    make('label', {}, secretLabel, secret),
    submit,
  );
  let people = [];
  who.addEventListener('change', () => {
    secret.value = people.find(({ id }) => id === who.value)?.secret ?? '';
  });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    onsubmit(who.value, secret.value);
  });
  return {
    form,
    update(all, words) {
      people = all;
      const kept = who.value;
      fill(who, JSON.stringify(people), () =>
        people.map(({ id, label }) => make('option', { value: id }, label)),
      );
      if (people.some(({ id }) => id === kept)) who.value = kept;
      else secret.value = people[0]?.secret ?? '';
      write(whoLabel, words.who);
      write(secretLabel, words.secret);
      write(submit, words.submit);
    },
  };
}

/** `act` asks the stall; the answer is the part of a card that belongs to pairing. */
export function buildPaired(act) {
  const button = (kind, onclick) => make('button', { type: 'button', class: kind, onclick });
  let wants = false;
  const logIn = buildChooser('pin', (phone, pin) => {
    wants = false;
    act('pair', { phone, pin });
  });
  const atPlatform = buildChooser('password', (account, password) =>
    act('platform', { account, password }),
  );
  const yes = button('main', () => act('answer', { answer: 'yes' }));
  const no = button('', () => act('answer', { answer: 'no' }));
  const answer = make('div', { class: 'actions' }, yes, no);
  const leave = button('small', () => act('leave'));
  return {
    /** The button that begins it. */
    wish() {
      wants = !wants;
    },
    /** It scans instead. */
    stop() {
      wants = false;
    },
    /** Whether this phone shows its pairing rather than what it scanned. */
    shows: (phone) => wants || (phone.paired !== null && phone.paired.view.step !== 'pair'),
    update(state, order) {
      const payers = state.payers.map(({ phone, pin, label }) => ({
        id: phone,
        secret: pin,
        label,
      }));
      logIn.update(payers, { who: t('payer'), secret: t('pin'), submit: t('connect') });
      const accounts = state.accounts.map(({ account, password, label }) => {
        return { id: account, secret: password, label };
      });
      const submit =
        order === undefined
          ? ''
          : t('pay_at_platform', money(order.amount_minor, order.currency ?? 'CNY'));
      atPlatform.update(accounts, { who: t('account'), secret: t('password'), submit });
      write(yes, t('say_yes'));
      write(no, t('say_no'));
      write(leave, t('disconnect'));
    },
    rows(phone) {
      const { view, refusal } = phone.paired ?? { view: { step: 'pair' }, refusal: null };
      const refused = refusal === null ? null : make('p', { class: 'refused' }, refusal.detail);
      if (view.step === 'pair')
        return [refused, make('p', { class: 'idle' }, t('pair_about')), logIn.form];
      const head = make('p', { class: 'spot' }, t('paired_with', view.terminal?.number ?? ''));
      const forms = { confirm: answer, pay: atPlatform.form };
      return [head, ...orderOf(view), refused, forms[view.step] ?? null, leave];
    },
  };
}

function orderOf({ step, order, attempt }) {
  if (order === undefined || step === 'wait')
    return [make('p', { class: 'idle' }, t('paired_wait'))];
  const reason = attempt?.state === 'failed' ? attempt.reason : undefined;
  const failed = step === 'confirm' && reason !== undefined;
  const verdict = step === 'confirm' ? t('state_offered') : t(`step_${step}`);
  return [
    make('p', { class: 'amount' }, money(order.amount_minor, order.currency ?? 'CNY')),
    make('p', { class: 'verdict', 'data-state': order.state }, verdict),
    failed ? make('p', { class: 'refused' }, tryWord(`reason_${reason}`, reason)) : null,
  ];
}

/** All that makes a paired phone look different. */
export const pairedKey = (phone) => JSON.stringify([phone.paired, spokenLanguage()]);
