/** The street: a ruler from the terminal outwards, and a token for each phone to drag along it. */
import { make, mark, write } from './dom.js';
import { call } from './stall.js';
import { t } from './words.js';

/** Farthest spot on the ruler. */
const FAR_M = 100;
const TICKS_M = [0, 1, 2, 5, 10, 20, 50, 100];

/** Near things need room: a metre near the terminal is wider than one far away. */
const toShare = (metres) => Math.log1p(Math.min(metres, FAR_M)) / Math.log1p(FAR_M);
const toMetres = (share) => {
  const metres = Math.expm1(Math.min(1, Math.max(0, share)) * Math.log1p(FAR_M));
  return metres < 10 ? Math.round(metres * 2) / 2 : Math.round(metres);
};

export function buildRoad(root, { say }) {
  const zone = make('div', { class: 'zone' }, make('span', {}));
  const lane = make('div', { class: 'lane' });
  const ruler = make('ol', { class: 'ruler', 'aria-hidden': 'true' });
  for (const tick of TICKS_M) {
    const mark = make('li', {}, String(tick));
    mark.style.left = `${toShare(tick) * 100}%`;
    ruler.append(mark);
  }
  root.append(make('div', { class: 'track' }, zone, lane, ruler));
  const tokens = new Map();

  return {
    update(state) {
      zone.style.width = `${toShare(state.range_m) * 100}%`;
      write(zone.firstElementChild, t('range', state.range_m));
      for (const phone of state.phones) {
        if (!tokens.has(phone.name)) tokens.set(phone.name, addToken(lane, phone.name, say));
        tokens.get(phone.name).update(phone);
      }
      for (const [name, token] of tokens) {
        if (state.phones.some((phone) => phone.name === name)) continue;
        token.remove();
        tokens.delete(name);
      }
    },
  };
}

function addToken(lane, name, say) {
  const distance = make('span', { class: 'token-metres' });
  const label = make('span', { class: 'token-label' }, name, distance);
  const token = make(
    'div',
    { class: 'token', role: 'slider', tabindex: '0', 'aria-valuemin': 0, 'aria-valuemax': FAR_M },
    make('span', { class: 'token-phone', 'aria-hidden': 'true' }, name.slice(0, 1).toUpperCase()),
    label,
  );
  lane.append(token);
  let metres = 0;
  let dragging = false;
  let sending = false;

  const place = (value) => {
    metres = value;
    token.style.left = `${toShare(value) * 100}%`;
    mark(token, 'aria-valuenow', value);
    mark(token, 'aria-valuetext', t('away', value));
    mark(token, 'aria-label', name);
    write(distance, ` · ${t('metres', value)}`);
  };
  // One call at a time, always the newest distance.
  const send = async () => {
    if (sending) return;
    sending = true;
    try {
      for (let sent = -1; sent !== metres; ) {
        sent = metres;
        await call('PATCH', `phones/${encodeURIComponent(name)}`, { distance_m: sent });
      }
    } catch (error) {
      say(error);
    }
    sending = false;
  };
  const move = (value) => {
    place(Math.min(FAR_M, Math.max(0, value)));
    send();
  };
  token.addEventListener('pointerdown', (event) => {
    dragging = true;
    token.setPointerCapture(event.pointerId);
  });
  token.addEventListener('pointermove', (event) => {
    if (!dragging) return;
    const { left, width } = lane.getBoundingClientRect();
    move(toMetres((event.clientX - left) / width));
  });
  token.addEventListener('lostpointercapture', () => {
    dragging = false;
  });
  token.addEventListener('keydown', (event) => {
    const step = metres < 10 ? 0.5 : 5;
    const steps = {
      ArrowLeft: -step,
      ArrowDown: -step,
      ArrowRight: step,
      ArrowUp: step,
      PageUp: 10,
      PageDown: -10,
      Home: -FAR_M,
      End: FAR_M,
    };
    if (!(event.key in steps)) return;
    event.preventDefault();
    move(metres + steps[event.key]);
  });
  return {
    update(phone) {
      if (!dragging && !sending) place(phone.distance_m);
      mark(token, 'data-hears', phone.heard.length > 0 ? 'yes' : null);
      mark(token, 'data-state', phone.opened?.order.state ?? null);
    },
    remove: () => token.remove(),
  };
}
