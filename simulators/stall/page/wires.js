/** Behind the counter: the live trace, the cables with their faults, what was spoken and printed. */
import { fill, make, mark, show, write } from './dom.js';
import { call } from './stall.js';
import { t, tryWord } from './words.js';

const TABS = ['trace', 'cables', 'spoken', 'papers'];
/** Rows of the trace that are kept on the page. */
const KEPT = 400;

/** Blinking lamps and phones' own radios say much and tell little: shown when asked for. */
const NOISY = /^(panel|phone\..*)$/;

const wireName = (wire) =>
  wire.startsWith('phone.') ? t('wire_phone', wire.slice(6)) : tryWord(`wire_${wire}`, wire);

export function buildTabs(list, panels, bodies) {
  const choose = (chosen) => {
    for (const name of TABS) {
      const tab = list.querySelector(`#tab-${name}`);
      mark(tab, 'aria-selected', name === chosen ? 'true' : 'false');
      mark(tab, 'tabindex', name === chosen ? '0' : '-1');
      show(panels.querySelector(`#panel-${name}`), name === chosen);
    }
  };
  for (const name of TABS) {
    const tab = make('button', {
      type: 'button',
      role: 'tab',
      id: `tab-${name}`,
      'aria-controls': `panel-${name}`,
    });
    tab.addEventListener('click', () => choose(name));
    list.append(tab);
    const attributes = {
      role: 'tabpanel',
      id: `panel-${name}`,
      'aria-labelledby': `tab-${name}`,
      class: `tab-panel ${name}`,
    };
    panels.append(make('div', attributes, bodies[name]));
  }
  list.addEventListener('keydown', (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    const at = TABS.findIndex((name) => list.querySelector(`#tab-${name}`) === event.target);
    const next = TABS[(at + step + TABS.length) % TABS.length];
    choose(next);
    list.querySelector(`#tab-${next}`).focus();
  });
  choose('trace');
  return () => {
    for (const name of TABS) write(list.querySelector(`#tab-${name}`), t(`tab_${name}`));
  };
}

export function buildTrace() {
  const filters = make('div', { class: 'filters', role: 'group' });
  const pause = make('button', { type: 'button', class: 'small', 'aria-pressed': 'false' });
  const rows = make('ol', { class: 'rows', tabindex: '0' });
  const empty = make('p', { class: 'empty' });
  const element = make(
    'div',
    { class: 'trace-body' },
    make('div', { class: 'tools' }, filters, pause),
    empty,
    rows,
  );
  const seen = new Set();
  const hidden = new Set();
  let paused = false;
  let waiting = [];

  const flush = () => {
    const atEnd = rows.scrollTop + rows.clientHeight >= rows.scrollHeight - 8;
    for (const event of waiting.slice(-KEPT)) rows.append(rowOf(event, hidden));
    waiting = [];
    while (rows.childElementCount > KEPT) rows.firstElementChild.remove();
    if (atEnd) rows.scrollTop = rows.scrollHeight;
    show(empty, rows.childElementCount === 0);
  };
  pause.addEventListener('click', () => {
    paused = !paused;
    mark(pause, 'aria-pressed', paused ? 'true' : 'false');
    label();
    if (!paused) flush();
  });
  const label = () => {
    write(pause, t(paused ? 'resume' : 'pause'));
    write(empty, t('trace_empty'));
    mark(rows, 'aria-label', t('trace_label'));
    mark(filters, 'aria-label', t('trace_label'));
    for (const chip of filters.children) write(chip, wireName(chip.dataset.wire));
  };
  const addFilter = (wire) => {
    if (NOISY.test(wire)) hidden.add(wire);
    const pressed = hidden.has(wire) ? 'false' : 'true';
    const chip = make('button', { type: 'button', class: 'chip', 'aria-pressed': pressed });
    chip.dataset.wire = wire;
    chip.addEventListener('click', () => {
      const on = hidden.delete(wire);
      if (!on) hidden.add(wire);
      mark(chip, 'aria-pressed', on ? 'true' : 'false');
      for (const row of rows.children) show(row, !hidden.has(row.dataset.wire));
    });
    filters.append(chip);
  };
  return {
    element,
    label,
    add(event) {
      if (!seen.has(event.wire)) {
        seen.add(event.wire);
        addFilter(event.wire);
        label();
      }
      waiting.push(event);
      if (waiting.length > KEPT) waiting.shift();
      if (!paused && waiting.length === 1) requestAnimationFrame(() => paused || flush());
    },
  };
}

const ARROWS = { in: '→', out: '←', state: '·' };

function rowOf(event, hidden) {
  const time = new Date(event.at).toISOString().slice(14, 23);
  const row = make(
    'li',
    { 'data-direction': event.direction },
    make('time', {}, time),
    make('span', { class: 'wire' }, wireName(event.wire)),
    make(
      'span',
      { class: 'arrow', title: t(`direction_${event.direction}`) },
      ARROWS[event.direction],
    ),
    make('span', { class: 'meaning' }, event.text),
    event.hex === undefined ? null : make('code', {}, event.hex.replace(/../g, '$& ').trim()),
  );
  row.dataset.wire = event.wire;
  row.hidden = hidden.has(event.wire);
  return row;
}

/** What is sent for each fault that a person can choose. */
const FAULTS = {
  hang: { fault: 'hang' },
  noise: { fault: 'noise', probability: 0.05 },
  slow: { fault: 'slow', bits_per_second: 1200 },
  loss: { fault: 'loss', probability: 0.5 },
  drop: { fault: 'drop', packet: 'puback', direction: 'in', nth: 1 },
  full: { fault: 'full' },
  paper_out: { fault: 'paper_out' },
  cover_open: { fault: 'cover_open' },
  cutter_jam: { fault: 'cutter_jam' },
  busy: { fault: 'busy' },
  refuse: { fault: 'refuse' },
  lose: { fault: 'lose' },
  no_carrier: { fault: 'no_carrier' },
  unregistered: { fault: 'unregistered' },
  sms_refused: { fault: 'sms_refused', code: 21 },
  mute: { fault: 'mute' },
  restart: { fault: 'restart' },
  half: { fault: 'half' },
  garbage: { fault: 'garbage' },
};

export function buildCables({ say }) {
  const machines = make('div', { class: 'machines' });
  const list = make('ul', { class: 'cables-list' });
  const element = make('div', {}, machines, list);
  const fault = (wire, body) => call('POST', `wires/${wire}/faults`, body).catch(say);
  return {
    element,
    update(state) {
      fill(machines, JSON.stringify([machinesOf(state), t('power_cut')]), () =>
        machinesOf(state).map(([name, machine]) => machineOf(name, machine, say)),
      );
      fill(list, JSON.stringify([state.organs, t('plugged')]), () =>
        state.organs.map((organ) => cableOf(organ, fault)),
      );
    },
  };
}

/** The telephone joins them when it is first switched on. */
const machinesOf = ({ terminal, gateway, telephone: { machine } }) => [
  ['terminal', terminal],
  ['gateway', gateway],
  ...(machine.starts === 0 ? [] : [['telephone', machine]]),
];

function machineOf(name, machine, say) {
  const on = machine.state === 'ready' || machine.state === 'starting';
  const cut = () => call('POST', `${name}/kill`, {}).catch(say);
  const start = () => call('POST', `${name}/start`, {}).catch(say);
  return make(
    'div',
    { class: 'machine', 'data-state': machine.state },
    make('strong', {}, t(name)),
    make('span', {}, t(machine.state)),
    make(
      'button',
      { type: 'button', class: on ? 'danger small' : 'small', onclick: on ? cut : start },
      t(on ? 'power_cut' : 'power_on'),
    ),
  );
}

function cableOf(organ, fault) {
  const name = wireName(organ.wire);
  const item = make(
    'li',
    { 'data-state': organ.state },
    make('span', { class: 'cable-name' }, name),
  );
  if (organ.state === 'missing') {
    item.append(
      make('span', { class: 'why' }, organ.why),
      make('span', { class: 'mend' }, t('mend', organ.mend)),
    );
    return item;
  }
  if (organ.faults.includes('unplug')) {
    const plugged = make('input', { type: 'checkbox', role: 'switch' });
    plugged.checked = organ.fault?.fault !== 'unplug';
    plugged.addEventListener('change', () =>
      fault(organ.wire, { fault: plugged.checked ? 'replug' : 'unplug' }),
    );
    item.append(make('label', { class: 'switch' }, plugged, t('plugged')));
  }
  const choices = organ.faults.filter((each) => each in FAULTS);
  if (choices.length > 0) {
    const select = make('select', { 'aria-label': `${t('fault')}: ${name}` });
    select.append(make('option', { value: 'clear' }, t('fault_none')));
    for (const each of choices) select.append(make('option', { value: each }, t(`fault_${each}`)));
    select.value =
      organ.fault !== null && organ.fault.fault in FAULTS ? organ.fault.fault : 'clear';
    select.addEventListener('change', () =>
      fault(organ.wire, FAULTS[select.value] ?? { fault: 'clear' }),
    );
    item.append(select);
  }
  return item;
}

export function buildSpoken({ play }) {
  const list = make('ol', { class: 'spoken-list' });
  return {
    element: list,
    update(state) {
      fill(list, `${state.spoken.length} ${t('play')}`, () =>
        state.spoken.length === 0
          ? [make('li', { class: 'empty' }, t('silence'))]
          : state.spoken
              .toReversed()
              .map((each) =>
                make(
                  'li',
                  {},
                  make('time', {}, new Date(each.at).toLocaleTimeString()),
                  make('span', {}, each.text),
                  make(
                    'button',
                    { type: 'button', class: 'small', onclick: () => play(each) },
                    t('play'),
                  ),
                ),
              ),
      );
    },
  };
}

export function buildPapers({ view }) {
  const list = make('div', { class: 'papers-list' });
  return {
    element: list,
    update(state) {
      fill(list, `${state.papers.length} ${t('printer')}`, () =>
        state.papers.length === 0
          ? [make('p', { class: 'empty' }, t('no_papers'))]
          : state.papers
              .toReversed()
              .slice(0, 12)
              .map((paper) => {
                const picture = () =>
                  make('img', {
                    src: `/v1/papers/${paper.id}.png`,
                    alt: paper.text,
                    class: 'whole',
                  });
                return make(
                  'button',
                  {
                    type: 'button',
                    class: 'paper-thumb',
                    'aria-label': t('open_paper'),
                    onclick: () => view(t('printer'), [picture()]),
                  },
                  picture(),
                );
              }),
      );
    },
  };
}
