/** Vouchers in a customer's pocket, held before the terminal's scanner; or any other code. */
import { fill, make, mark, show, write } from './dom.js';
import { money } from './money.js';
import { call } from './stall.js';
import { t } from './words.js';

/** `1234 5678 9012`. */
const spell = (number) => number.replace(/(\d{4})(?=\d)/g, '$1 ');

const EXAMPLES = [
  ['product', '4006381333931'],
  ['link', 'https://example.com/menu'],
];

export function buildScanner(root, { say }) {
  const about = make('p', { class: 'about' });
  const list = make('div', { class: 'pockets' });
  const issue = make('button', { type: 'button', class: 'small' });
  const text = make('input', { maxlength: 2000, autocomplete: 'off', list: 'scan-examples' });
  const examples = make('datalist', { id: 'scan-examples' });
  const submit = make('button', { class: 'small' });
  const form = make('form', { class: 'any-code' }, text, examples, submit);
  const pages = make('a', { target: '_blank', rel: 'noreferrer' });
  root.append(about, list, make('p', {}, issue), form, make('p', { class: 'about pages' }, pages));
  let vouchers = [];
  let busy = false;
  let paid = '';
  let last = null;

  const look = async () => {
    vouchers = await call('GET', 'vouchers');
  };
  const act = async (work) => {
    if (busy) return;
    busy = true;
    mark(root, 'data-busy', 'yes');
    await work().catch(say);
    busy = false;
    mark(root, 'data-busy', null);
    draw();
  };
  issue.addEventListener('click', () =>
    act(async () => {
      await call('POST', 'vouchers', {});
      await look();
    }),
  );
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const code = text.value.trim() || EXAMPLES[0][1];
    void act(() => call('POST', 'scanner/scan', { text: code }));
  });
  const hold = (number) => () => act(() => call('POST', `vouchers/${number}/scan`, {}));

  const draw = () => {
    if (last === null) return;
    const organ = last.organs.find(({ wire }) => wire === 'scanner');
    const missing = organ === undefined || organ.state === 'missing';
    write(about, missing && organ !== undefined ? t('mend', organ.mend) : t('scanner_about'));
    show(form, !missing);
    fill(list, JSON.stringify([vouchers, missing, t('scanner_hold')]), () =>
      vouchers.map((voucher) => pocketOf(voucher, missing ? null : hold(voucher.number))),
    );
  };

  return {
    update(state) {
      last = state;
      write(issue, t('scanner_issue'));
      write(submit, t('scanner_scan'));
      mark(text, 'aria-label', t('scanner_any'));
      mark(text, 'placeholder', t('scanner_any'));
      fill(examples, t('scanner_scan'), () =>
        EXAMPLES.map(([word, value]) =>
          make('option', { value, label: t(`scanner_example_${word}`) }),
        ),
      );
      mark(pages, 'href', `${state.gateway.http}/vouchers`);
      write(pages, t('scanner_pages'));
      // What is left changes with what is said and printed, and is not told by itself.
      const seen = `${state.gateway.state} ${state.spoken.length} ${state.papers.length}`;
      if (seen !== paid && state.gateway.state === 'ready') {
        paid = seen;
        look().then(draw, () => undefined);
      }
      draw();
    },
  };
}

function pocketOf({ number, code, text, left_minor, amount_minor, currency }, onclick) {
  const left = t('scanner_left', money(left_minor, currency), money(amount_minor, currency));
  return make(
    'article',
    { class: 'pocket', 'data-kind': 'voucher', 'aria-label': number },
    make('strong', {}, spell(number)),
    make('span', {}, text === null ? t('scanner_over') : left),
    code === null ? null : make('span', {}, `${t('scanner_code')} ${code}`),
    text === null || onclick === null
      ? null
      : make('button', { type: 'button', class: 'tap', onclick }, t('scanner_hold')),
  );
}
