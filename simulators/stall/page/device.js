/** The terminal as a thing: paper, screen, lamp, speaker, keypad. */
import { fill, make, mark, show, write } from './dom.js';
import { buildSpeak } from './speak.js';
import { call } from './stall.js';
import { t, tryWord } from './words.js';

/** Key, what stands on it, word for those who hear the page, and its place in the grid. */
const KEYS = [
  ['cancel', 'C', 'key_cancel', 'warn'],
  ['/', '/', 'key_item', 'soft'],
  ['*', '×', 'key_times', 'soft'],
  ['back', '⌫', 'key_back', 'soft'],
  ['7', '7'],
  ['8', '8'],
  ['9', '9'],
  ['-', '−', 'key_minus', 'soft'],
  ['4', '4'],
  ['5', '5'],
  ['6', '6'],
  ['+', '+', 'key_plus', 'soft'],
  ['1', '1'],
  ['2', '2'],
  ['3', '3'],
  ['enter', '⏎', 'key_enter', 'enter'],
  ['0', '0', undefined, 'zero'],
  ['.', '.', 'key_point'],
];

/** Keys of the computer's keyboard that are keys of the terminal. */
const COMPUTER = {
  Enter: 'enter',
  Backspace: 'back',
  Delete: 'cancel',
  Escape: 'cancel',
  ',': '.',
};

/** What the kiosk's own page is laid out for; drawn smaller to fit the device. */
const SCREEN = { width: 800, height: 480 };

export function buildDevice(root, { say, view }) {
  const paper = make('button', { class: 'paper', type: 'button', hidden: true });
  const frame = make('iframe', {
    class: 'screen-frame',
    width: SCREEN.width,
    height: SCREEN.height,
    tabindex: '-1',
  });
  const glass = make('div', { class: 'glass' }, frame);
  const dark = make('p', { class: 'dark' });
  const lamp = make('span', { class: 'lamp', role: 'img' });
  const said = make('p', { class: 'said', 'aria-live': 'polite' });
  const panel = make('button', { class: 'panel-thumb', type: 'button' });
  const keys = make('div', { class: 'keys', role: 'group' });
  const which = make('select', { class: 'which' });
  const brand = make('span', { class: 'brand' }, 'hawker');
  const foot = make('div', { class: 'foot' }, brand, which);
  root.append(
    make('div', { class: 'slot' }, paper),
    make(
      'div',
      { class: 'body' },
      make('div', { class: 'bezel' }, glass, dark),
      make('div', { class: 'row' }, lamp, make('span', { class: 'grille' }), said, panel),
      keys,
      foot,
    ),
  );

  // One call after another, so that keys never overtake each other; fast ones travel together.
  let waiting = [];
  let sending = false;
  const send = async () => {
    if (sending) return;
    sending = true;
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      const pad = which.value || 'keypad';
      const per_second = pad === 'pad' ? 5 : 25;
      await call('POST', 'keys', { keys: batch, pad, per_second }).catch(say);
    }
    sending = false;
  };
  const press = (key) => {
    const button = keys.querySelector(`[data-key-name="${CSS.escape(key)}"]`);
    button?.classList.add('down');
    setTimeout(() => button?.classList.remove('down'), 120);
    waiting.push(key);
    send();
  };
  for (const [key, label, , kind] of KEYS) {
    const button = make('button', { type: 'button', class: `key ${kind ?? ''}` }, label);
    button.dataset.keyName = key;
    // On the way down, as a key does; a click that no pointer made is the keyboard's.
    button.addEventListener('pointerdown', (event) => event.button === 0 && press(key));
    button.addEventListener('click', (event) => event.detail === 0 && press(key));
    keys.append(button);
  }
  listenToComputer(press);
  const speak = buildSpeak({ press, say });
  foot.before(speak.element);
  new ResizeObserver(() => {
    const scale = glass.clientWidth / SCREEN.width;
    frame.style.transform = `scale(${scale})`;
    glass.style.height = `${SCREEN.height * scale}px`;
  }).observe(glass);

  const label = () => {
    for (const [key, , word] of KEYS) {
      const button = keys.querySelector(`[data-key-name="${CSS.escape(key)}"]`);
      if (word !== undefined) {
        mark(button, 'aria-label', t(word));
        mark(button, 'title', t(word));
      }
    }
    mark(keys, 'aria-label', t('keypad'));
    mark(which, 'aria-label', t('keypad'));
    mark(frame, 'title', t('screen'));
  };

  return {
    label,
    update(state) {
      label();
      speak.update(state);
      updateScreen(state, frame, dark);
      updateLamp(state, lamp);
      updatePaper(state, paper, view);
      updatePanel(state, panel, view);
      const last = state.spoken.at(-1);
      write(said, last === undefined ? t('silence') : `“${last.text}”`);
      mark(said, 'data-fresh', last !== undefined && Date.now() - last.at < 4000 ? 'yes' : null);
      fill(which, `${state.keypads.join()} ${t('usb_keypad')}`, () =>
        state.keypads.map((name) =>
          make('option', { value: name }, name === 'keypad' ? t('usb_keypad') : t('pad')),
        ),
      );
      show(which, state.keypads.length > 1);
    },
  };
}

function listenToComputer(press) {
  addEventListener('keydown', (event) => {
    const at = event.target;
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (at instanceof Element && at.closest('input, select, textarea, dialog, [role=slider]'))
      return;
    const key = COMPUTER[event.key] ?? event.key;
    const onControl = at instanceof Element && at.closest('button, a, [tabindex]') !== null;
    if (onControl && (event.key === 'Enter' || event.key === ' ')) return;
    if (!KEYS.some(([name]) => name === key)) return;
    event.preventDefault();
    press(key);
  });
}

function updateScreen(state, frame, dark) {
  const { state: power } = state.terminal;
  const alive = power === 'ready' && state.screen.address !== null;
  // Left as it is while the terminal is off: its own page says so, and follows again by itself.
  if (alive && frame.dataset.starts === undefined) {
    frame.dataset.starts = state.terminal.starts;
    frame.src = '/screen/';
  }
  show(dark, !alive);
  const why = state.terminal.why === null ? '' : `\n${state.terminal.why}`;
  write(dark, (power === 'starting' ? t('screen_starting') : t('screen_off')) + why);
}

function updateLamp(state, lamp) {
  const colour = state.lamp ?? 'off';
  mark(lamp, 'data-colour', colour);
  mark(lamp, 'aria-label', `${t('lamp')}: ${tryWord(`lamp_${colour}`, colour)}`);
}

function updatePaper(state, paper, view) {
  const last = state.papers.at(-1);
  show(paper, last !== undefined);
  if (last === undefined) return;
  mark(paper, 'aria-label', t('open_paper'));
  mark(paper, 'title', t('open_paper'));
  fill(paper, String(last.id), () => [
    make('img', { src: `/v1/papers/${last.id}.png`, alt: last.text }),
  ]);
  paper.onclick = () =>
    view(t('printer'), [
      make('img', { src: `/v1/papers/${last.id}.png`, alt: last.text, class: 'whole' }),
    ]);
}

function updatePanel(state, panel, view) {
  show(panel, state.panel !== null);
  if (state.panel === null) return;
  const source = `/v1/panel.png?at=${state.panel.version}`;
  const picture = (kind) => make('img', { src: source, alt: state.panel.text, class: kind });
  mark(panel, 'aria-label', t('customer_panel'));
  mark(panel, 'title', t('customer_panel'));
  fill(panel, source, () => [picture('thumb')]);
  panel.onclick = () => view(t('customer_panel'), [picture('whole')]);
}
