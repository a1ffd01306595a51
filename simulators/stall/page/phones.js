/** Each phone as a card: what it hears, what it shows, and what its owner can do. */
import { fill, make, mark, show, write } from './dom.js';
import { money } from './money.js';
import { buildChooser, buildPaired, pairedKey } from './paired.js';
import { call } from './stall.js';
import { spokenLanguage, t, tryWord } from './words.js';

export function buildPhones(root, add, { say }) {
  const cards = new Map();
  add.addEventListener('click', () => {
    const taken = new Set(cards.keys());
    const name = ['Ming', 'Ana', 'Joy', 'Omar', 'Yuki', 'Raj'].find((each) => !taken.has(each));
    call('POST', 'phones', { name: name ?? `Phone ${taken.size + 1}`, distance_m: 2 }).catch(say);
  });
  return {
    update(state) {
      for (const phone of state.phones) {
        if (!cards.has(phone.name)) {
          const card = buildCard(phone.name, say);
          cards.set(phone.name, card);
          root.append(card.element);
        }
        cards.get(phone.name).update(phone, state);
      }
      for (const [name, card] of cards) {
        if (state.phones.some((phone) => phone.name === name)) continue;
        card.element.remove();
        cards.delete(name);
      }
      write(add, `+ ${t('add_phone')}`);
      show(add, state.phones.length < 6);
    },
  };
}

function buildCard(name, say) {
  const wishes = new Set();
  let turn = Promise.resolve();
  const path = `phones/${encodeURIComponent(name)}`;
  const element = make('article', { class: 'phone', 'aria-label': name });
  /** A second click on the same is one wish; another one waits for its turn. */
  const act = (what, body) => {
    if (wishes.has(what)) return turn;
    wishes.add(what);
    mark(element, 'data-busy', 'yes');
    turn = turn
      .then(() => call('POST', `${path}/${what}`, body ?? {}))
      .catch(say)
      .then(() => {
        wishes.delete(what);
        if (wishes.size === 0) mark(element, 'data-busy', null);
      });
    return turn;
  };
  const button = (kind, onclick) => make('button', { type: 'button', class: kind, onclick });
  const paired = buildPaired(act);
  let again = () => undefined;
  const parts = {
    hears: make('p', { class: 'hears' }),
    remove: button('quiet small', () => call('DELETE', path).catch(say)),
    glass: make('div', { class: 'phone-glass', 'aria-live': 'polite' }),
    scan: button('main', () => {
      paired.stop();
      act('scan');
    }),
    take: button('', () => act('open', { by: 'broadcast' })),
    pair: button('', () => {
      paired.wish();
      again();
    }),
  };
  const tricks = buildTricks(act);
  element.append(
    make('header', {}, make('h3', {}, name), parts.hears, parts.remove),
    parts.glass,
    make('div', { class: 'actions' }, parts.scan, parts.take, parts.pair),
    tricks.element,
  );
  const pay = buildChooser('pin', (phone, pin) => act('pay', { phone, pin }));
  const card = {
    element,
    update(phone, state) {
      again = () => card.update(phone, state);
      const heard = phone.heard.at(-1);
      write(
        parts.hears,
        phone.radio !== 'working'
          ? t('no_radio')
          : heard === undefined
            ? t('hears_nothing')
            : t('hears', heard.order.slice(-4), heard.rssi),
      );
      mark(parts.hears, 'data-hears', heard === undefined ? null : 'yes');
      write(parts.scan, t('scan'));
      write(parts.take, t('take_heard'));
      write(parts.remove, '×');
      mark(parts.remove, 'aria-label', `${t('remove')}: ${name}`);
      parts.take.disabled = heard === undefined;
      tricks.update(phone);
      write(parts.pair, t('pair'));
      mark(parts.pair, 'aria-pressed', String(paired.shows(phone)));
      show(parts.pair, phone.paired === null || phone.paired.view.step === 'pair');
      if (paired.shows(phone)) showPaired(parts.glass, phone, state, paired);
      else showGlass(parts.glass, phone, state, pay);
    },
  };
  return card;
}

function buildTricks(act) {
  const button = (onclick) => make('button', { type: 'button', class: 'small', onclick });
  const summary = make('summary', {});
  const photograph = button(() => act('photograph'));
  const replay = button(() => act('open', { by: 'photo' }));
  const forge = button(() => act('open', { by: 'forged' }));
  const digits = make('input', { inputmode: 'numeric', maxlength: 2, size: 2, class: 'digits' });
  const typed = button(() => act('scan', { digits: digits.value }));
  const page = make('a', { target: '_blank', rel: 'noopener', class: 'button small' });
  const element = make(
    'details',
    { class: 'tricks' },
    summary,
    make(
      'div',
      { class: 'trick-list' },
      photograph,
      replay,
      forge,
      make('span', { class: 'pair' }, digits, typed),
      page,
    ),
  );
  return {
    element,
    update(phone) {
      write(summary, t('more'));
      write(photograph, t('photograph'));
      write(replay, t('show_photo'));
      write(forge, t('forge'));
      write(typed, t('type_digits'));
      write(page, t('in_browser'));
      mark(digits, 'aria-label', t('digits'));
      replay.disabled = phone.photo === null;
      const url = phone.photo?.text.startsWith('http') ? phone.photo.text : null;
      show(page, url !== null);
      mark(page, 'href', url);
    },
  };
}

function showPaired(glass, phone, state, paired) {
  paired.update(state, phone.paired?.view.order);
  fill(glass, pairedKey(phone), () => paired.rows(phone).filter((row) => row !== null));
}

function showGlass(glass, phone, state, pay) {
  const { opened, refusal, bill } = phone;
  const key = JSON.stringify([opened?.order, refusal, bill, spokenLanguage()]);
  if (opened !== null) {
    const { amount_minor, currency } = opened.order;
    const payers = state.payers.map(({ phone: id, pin, label }) => ({ id, secret: pin, label }));
    const submit = t('pay', money(amount_minor, currency));
    pay.update(payers, { who: t('payer'), secret: t('pin'), submit });
  }
  fill(glass, key, () => {
    const refused = refusal === null ? null : make('p', { class: 'refused' }, refusal.detail);
    if (opened === null) return [refused ?? make('p', { class: 'idle' }, t('waiting'))];
    const { order } = opened;
    const rows = [
      make('p', { class: 'vendor' }, order.vendor),
      make('p', { class: 'spot' }, order.place.name),
      make('p', { class: 'amount' }, money(order.amount_minor, order.currency)),
      ...order.lines.filter((line) => line.name !== undefined).map((line) => lineOf(line, order)),
      make('p', { class: 'verdict', 'data-state': order.state }, verdictOf(order)),
    ];
    if (refused !== null) rows.push(refused);
    if (bill !== null)
      rows.push(make('p', { class: 'bill' }, `${t('bill', bill.payment)} · ${bill.payer}`));
    if (order.state === 'offered') rows.push(pay.form);
    return rows;
  });
}

const lineOf = (line, order) =>
  make(
    'p',
    { class: 'line' },
    make('span', {}, `${line.quantity} × ${line.name}`),
    make('span', {}, money(line.unit_minor * line.quantity, order.currency)),
  );

function verdictOf(order) {
  const word = t(`state_${order.state}`);
  if (order.state !== 'declined' || order.reason === undefined) return word;
  return `${word}: ${tryWord(`reason_${order.reason}`, order.reason)}`;
}
