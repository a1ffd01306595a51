/** The agent's desk: one socket tells of calls and orders and carries the sound. */
import { at, desk, make, money, own, show, words } from './parts.js';
import { recordings } from './recordings.js';
import { Sound } from './sound.js';

const state = {
  products: [],
  /** Code → how many. */
  lines: new Map(),
  /** Of the order that is being made: the same until it is placed. */
  key: crypto.randomUUID(),
  call: null,
  since: 0,
  orders: new Map(),
  /** Sent, and not answered yet. */
  placing: null,
};
let socket = null;
const send = (word) => socket?.readyState === 1 && socket.send(JSON.stringify(word));
const sound = new Sound((samples) => {
  if (state.call && socket?.readyState === 1) socket.send(samples.buffer);
});

function trouble(text) {
  at('trouble').textContent = text;
  at('trouble').hidden = text === '';
}

// ── Calls ──────────────────────────────────────────────────────────────────────────────────────

function showCalls({ ready, ringing, call }) {
  at('ready').checked = ready;
  const before = state.call?.id;
  const rang = at('ringing').querySelector('button') !== null;
  state.call = call;
  at('talk').hidden = call === null;
  at('ringing').replaceChildren(
    ...(call === null ? ringing : []).map(({ id, ending }) => {
      const item = make('div', undefined, { class: 'ring' });
      const who = ending === null ? words.withheld : `•••• ${ending}`;
      const answer = make('button', words.answer, { class: 'go', onclick: () => void take(id) });
      item.append(make('strong', `${words.rings} ${who}`), answer);
      return item;
    }),
  );
  if (!rang && call === null) at('ringing').querySelector('button')?.focus();
  document.title = ringing.length > 0 && call === null ? `☎ ${words.title}` : words.title;
  if (call !== null && call.id !== before) begin(call);
  showBefore(call);
  if (call === null && before !== undefined) setTimeout(() => void recordings(), 1000);
  at('keys').textContent = call?.keys ? `${words.keys} ${call.keys}` : '';
}

/** What the caller and the assistant said before the call came here. */
function showBefore(call) {
  const said = call?.handover?.said ?? [];
  at('before').hidden = said.length === 0;
  if (at('said').dataset.of === call?.id) return;
  at('said').dataset.of = call?.id ?? '';
  at('said').replaceChildren(
    ...said.map(({ who, text }) => {
      const item = make('li', undefined, { class: who });
      item.append(make('b', words[`said_${who}`]), make('span', ` ${text}`));
      return item;
    }),
  );
  at('said').scrollTop = at('said').scrollHeight;
}

async function take(id) {
  trouble('');
  const heard = sound.open();
  send({ do: 'answer', id });
  if (!(await heard)) trouble(words.no_sound);
}

function begin(call) {
  state.since = Date.now();
  const { basket = [], phone = null, email = null } = call.handover ?? {};
  state.lines = new Map(basket.map(({ code, quantity }) => [code, quantity]));
  state.key = crypto.randomUUID();
  at('who').textContent = call.from ?? words.withheld;
  at('phone').value = phone ?? call.from ?? '';
  at('email').value = email ?? '';
  at('language').value = call.language;
  press(at('mute'), false);
  press(at('hide'), false);
  sound.muted = false;
  showLines();
  send({ do: 'products' });
  show(at('earlier'), [], words.none);
  if (call.from) send({ do: 'earlier', phone: call.from });
  at('search').focus();
}

const press = (button, on) => button.setAttribute('aria-pressed', String(on));
function toggle(button) {
  const on = button.getAttribute('aria-pressed') !== 'true';
  press(button, on);
  return on;
}
at('mute').addEventListener('click', () => {
  sound.muted = toggle(at('mute'));
});
at('hide').addEventListener('click', () => send({ do: 'record', on: !toggle(at('hide')) }));
at('assistant').addEventListener('click', () => send({ do: 'assistant' }));
at('hang-up').addEventListener('click', () => send({ do: 'hang_up' }));
at('ready').addEventListener('change', () => send({ do: 'ready', ready: at('ready').checked }));
setInterval(() => {
  const seconds = Math.floor((Date.now() - state.since) / 1000);
  if (state.call) {
    at('clock').textContent =
      `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
  }
}, 500);

// ── Products and the order ─────────────────────────────────────────────────────────────────────

function found() {
  const asked = at('search').value.toLowerCase().split(/\s+/).filter(Boolean);
  return state.products.filter(({ code, name }) => {
    const text = `${name.en} ${name.zh}`.toLowerCase();
    return asked.every((word) => code.toLowerCase() === word || text.includes(word));
  });
}

function showProducts() {
  const items = found().map((product) => {
    const { code, name, service, unit_minor, currency, stock } = product;
    const item = make('li');
    const left = stock === 0 ? words.sold_out : `${stock} ${words.stock}`;
    const add = make('button', words.add, { type: 'button', onclick: () => change(code, 1) });
    add.setAttribute('aria-label', `${words.add} ${name[own]}`);
    add.disabled = stock === 0;
    const text = make('div');
    text.append(
      make('strong', `${code} ${name[own]}`),
      make('span', ` ${money(unit_minor, currency)} · ${left}`),
      make('p', service[own], { class: 'soft' }),
    );
    item.append(text, add);
    return item;
  });
  show(at('products'), items, words.none);
}

function change(code, by) {
  const quantity = (state.lines.get(code) ?? 0) + by;
  if (quantity > 0) state.lines.set(code, quantity);
  else state.lines.delete(code);
  showLines();
}

function showLines() {
  let total = 0;
  let currency = 'CNY';
  const items = [...state.lines].map(([code, quantity]) => {
    const product = state.products.find((each) => each.code === code);
    if (product === undefined) return make('li', code);
    total += product.unit_minor * quantity;
    currency = product.currency;
    const item = make('li');
    const button = (text, label, by) => {
      const made = make('button', text, { type: 'button', onclick: () => change(code, by) });
      made.setAttribute('aria-label', `${product.name[own]}: ${label}`);
      return made;
    };
    item.append(make('span', `${quantity} × ${product.name[own]}`));
    item.append(button('−', words.less, -1), button('+', words.more, 1));
    return item;
  });
  show(at('lines'), items, words.empty);
  at('total').textContent =
    state.lines.size === 0 ? '' : `${words.total} ${money(total, currency)}`;
  at('place').disabled = state.lines.size === 0;
}

at('search').addEventListener('input', showProducts);
at('search').addEventListener('keydown', (event) => {
  // With Alt it places the order.
  if (event.key !== 'Enter' || event.altKey) return;
  event.preventDefault();
  const [first] = found().filter(({ stock }) => stock > 0);
  if (first === undefined) return;
  change(first.code, 1);
  at('search').select();
});

at('order').addEventListener('submit', (event) => {
  event.preventDefault();
  trouble('');
  at('place').disabled = true;
  const lines = [...state.lines].map(([code, quantity]) => ({ code, quantity }));
  const email = at('email').value.trim() || null;
  const phone = at('phone').value.trim();
  const language = at('language').value;
  state.placing = { do: 'place', key: state.key, lines, phone, email, language };
  send(state.placing);
});

function showPlaced({ key, placing }) {
  if (state.placing?.key === key) state.placing = null;
  if (key !== state.key) return;
  at('place').disabled = state.lines.size === 0;
  if (placing.ok) {
    keep(placing.order);
    state.lines.clear();
    state.key = crypto.randomUUID();
    showLines();
    send({ do: 'products' });
    return;
  }
  // A lost answer is asked for again under the same key; what is changed is another order.
  if (placing.why !== 'away') state.key = crypto.randomUUID();
  const left = placing.left === undefined ? '' : ` ${placing.left}`;
  trouble(`${words.not_placed} ${words[`why_${placing.why}`]}${left}`);
  if (placing.why === 'phone' || placing.why === 'email') at(placing.why).focus();
}

// ── Orders ─────────────────────────────────────────────────────────────────────────────────────

function orderItem(order) {
  const item = make('li', undefined, { class: `order ${order.state}` });
  const goods = order.lines.map(({ quantity, name }) => `${quantity} × ${name[own]}`).join(', ');
  const text = make('div');
  text.append(
    make('strong', order.number),
    make('span', ` ${money(order.amount_minor, order.currency)}`),
    make('p', goods, { class: 'soft' }),
  );
  const link = order.link === 'none' ? 'none' : order.message;
  const how = order.state === 'unpaid' ? ` · ${words[`link_${link}`]}` : '';
  item.append(text, make('span', `${words[`state_${order.state}`]}${how}`, { class: 'pill' }));
  return item;
}

function keep(order) {
  state.orders.delete(order.number);
  state.orders.set(order.number, order);
  show(at('orders'), [...state.orders.values()].reverse().map(orderItem), words.none);
}

// ── Keys and the socket ────────────────────────────────────────────────────────────────────────

document.addEventListener('keydown', (event) => {
  const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement?.tagName ?? '');
  if (event.key === '/' && !typing) {
    event.preventDefault();
    at('search').focus();
  }
  if (!event.altKey || event.ctrlKey) return;
  const button = { h: 'hang-up', m: 'mute', p: 'hide' }[event.key.toLowerCase()];
  if (button !== undefined && !at('talk').hidden) at(button).click();
  if (event.key === 'Enter') at('order').requestSubmit();
  if (button !== undefined || event.key === 'Enter') event.preventDefault();
});

function follow(word) {
  switch (word.is) {
    case 'calls':
      return showCalls(word);
    case 'products':
      state.products = word.products;
      showProducts();
      return showLines();
    case 'earlier':
      return show(at('earlier'), word.orders.map(orderItem), words.none);
    case 'placed':
      return showPlaced(word);
    case 'order':
      return keep(word.order);
    case 'trouble': {
      state.placing = null;
      at('place').disabled = state.lines.size === 0;
      return trouble(`${words[word.code]} ${word.at ?? ''}`);
    }
  }
}

/** A terminal that was started anew knows nobody: the agent logs in again. */
async function again() {
  const answer = await fetch('/recordings').catch(() => null);
  if (answer?.status === 401) location.assign(`/?lang=${desk.dataset.language}`);
  else connect();
}

function connect() {
  const secure = location.protocol === 'https:' ? 'wss' : 'ws';
  socket = new WebSocket(`${secure}://${location.host}/socket`);
  socket.binaryType = 'arraybuffer';
  socket.addEventListener('open', () => {
    at('line').textContent = words.connected;
    send({ do: 'products' });
    // Its answer went the way of the connection; the same key places nothing twice.
    if (state.placing) send(state.placing);
  });
  socket.addEventListener('message', ({ data }) => {
    if (typeof data === 'string') follow(JSON.parse(data));
    else sound.play(new Int16Array(data));
  });
  socket.addEventListener('close', ({ code }) => {
    if (code === 4001) at('line').textContent = words.replaced;
    else if (code === 4000) location.assign(`/?lang=${desk.dataset.language}`);
    else {
      at('line').textContent = words.lost;
      setTimeout(again, 1000);
    }
  });
}

showProducts();
showLines();
show(at('orders'), [], words.none);
show(at('earlier'), [], words.none);
void recordings();
connect();
