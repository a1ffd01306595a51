/** Puts the page together: one state comes in, every part shows its share of it. */
import { buildCall } from './call.js';
import { buildCards } from './cards.js';
import { buildDevice } from './device.js';
import { byId, fill, make, mark, show, write } from './dom.js';
import { buildHint } from './hint.js';
import { buildPhones } from './phones.js';
import { buildScanner } from './scanner.js';
import { buildSound } from './sound.js';
import { listen } from './stall.js';
import { buildRoad } from './street.js';
import { buildCables, buildPapers, buildSpoken, buildTabs, buildTrace } from './wires.js';
import { onLanguage, speak, spokenLanguage, t } from './words.js';

let state = null;
let linked = true;
let toastTimer = 0;

function say(error) {
  const toast = byId('toast');
  write(toast, error instanceof Error ? error.message : String(error));
  show(toast, true);
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => show(toast, false), 8000);
}

function view(title, children) {
  write(byId('viewer-title'), title);
  byId('viewer-body').replaceChildren(...children);
  byId('viewer').showModal();
}

const sound = buildSound(byId('sound'), { say });
const trace = buildTrace();
const cables = buildCables({ say });
const spoken = buildSpoken({ play: sound.play });
const papers = buildPapers({ view });
const labelTabs = buildTabs(byId('tabs'), byId('panels'), {
  trace: trace.element,
  cables: cables.element,
  spoken: spoken.element,
  papers: papers.element,
});
const parts = [
  buildDevice(byId('device'), { say, view }),
  buildRoad(byId('road'), { say }),
  buildPhones(byId('phones'), byId('add-phone'), { say }),
  buildCards(byId('cards'), { say }),
  buildScanner(byId('scanner'), { say }),
  buildCall(byId('call'), { say, isLoud: sound.isOn }),
  cables,
  spoken,
  papers,
  sound,
  buildHint(byId('hint')),
];

function showChips() {
  const key = JSON.stringify([linked, state?.terminal, state?.gateway, state?.organs, t('ready')]);
  fill(byId('chips'), key, () => {
    const chip = (tone, text) => make('li', { 'data-tone': tone }, text);
    if (!linked) return [chip('bad', t('stall_gone'))];
    if (state === null) return [chip('busy', t('starting'))];
    const tones = { ready: 'good', starting: 'busy', stopped: 'bad', failed: 'bad' };
    const machines = ['terminal', 'gateway'].map((name) =>
      chip(tones[state[name].state], `${t(name)} ${t(state[name].state)}`),
    );
    const ill = state.organs.filter((organ) => organ.state !== 'working');
    return [
      ...machines,
      ...ill.map((organ) =>
        chip(
          organ.state === 'missing' ? 'bad' : 'busy',
          `${t(`wire_${organ.wire}`)} ${t(organ.state)}`,
        ),
      ),
    ];
  });
}

function render() {
  document.documentElement.lang = spokenLanguage();
  for (const element of document.querySelectorAll('[data-t]')) write(element, t(element.dataset.t));
  labelTabs();
  trace.label();
  showChips();
  if (state !== null) for (const part of parts) part.update(state);
}

byId('language').value = spokenLanguage();
byId('language').addEventListener('change', (event) => speak(event.target.value));
onLanguage(render);
render();
listen({
  state(next) {
    state = next;
    mark(document.body, 'data-ready', next.terminal.state === 'ready' ? 'yes' : null);
    render();
  },
  wire: (event) => trace.add(event),
  link(up) {
    linked = up;
    showChips();
  },
});
