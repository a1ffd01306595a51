/** Leads through a first sale in three steps, each shown until the stall's state says it is done. */
import { fill, make, show } from './dom.js';
import { t } from './words.js';

const DONE = 'hint-done';

export function buildHint(root) {
  let finished = false;
  const away = () => {
    localStorage.setItem(DONE, 'yes');
    show(root, false);
  };
  const stepOf = (state) => {
    const orders = state.phones.map((phone) => phone.opened?.order.state);
    if (orders.includes('paid')) finished = true;
    if (finished) return 'done';
    if (orders.includes('offered')) return '3';
    return state.screen.qr === null ? '1' : '2';
  };
  return {
    update(state) {
      const shown = localStorage.getItem(DONE) === null;
      show(root, shown);
      if (!shown) return;
      const step = stepOf(state);
      root.dataset.step = step;
      fill(root, `${step} ${t('hint_skip')}`, () => [
        make('p', {}, t(`hint_${step}`)),
        make('button', { type: 'button', class: 'quiet small', onclick: away }, t('hint_skip')),
      ]);
    },
  };
}
