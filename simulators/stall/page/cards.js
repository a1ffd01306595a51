/** The customers' cards: hold one to the reader, pull it away too soon, hold two at once. */
import { fill, make, mark, write } from './dom.js';
import { call } from './stall.js';
import { t } from './words.js';

const ACTIONS = [
  ['load', {}],
  ['tap', {}],
  ['pull_early', { pull: 'early' }],
  ['pull_last', { pull: 'last_moment' }],
];

export function buildCards(root, { say }) {
  const list = make('div', { class: 'pockets' });
  const both = make('button', { type: 'button', class: 'small' });
  const about = make('p', { class: 'about' });
  root.append(about, list, both);
  let cards = [];
  let busy = false;

  const act = async (name, work) => {
    if (busy) return;
    busy = true;
    mark(root, 'data-busy', 'yes');
    for (const card of list.children) mark(card, 'data-held', card.dataset.name === name || null);
    try {
      cards = await work();
    } catch (error) {
      say(error);
    }
    busy = false;
    mark(root, 'data-busy', null);
    for (const card of list.children) mark(card, 'data-held', null);
  };
  const tap = (name, what, body) => () =>
    act(name, () =>
      call('POST', `cards/${encodeURIComponent(name)}/${what === 'load' ? what : 'tap'}`, body),
    );
  both.addEventListener('click', () =>
    act(null, async () => {
      await call('POST', 'reader', { cards: ['Dora', 'Emil'] });
      await new Promise((resolve) => setTimeout(resolve, 1500));
      return call('DELETE', 'reader');
    }),
  );
  const button = (name, fresh, [what, body]) =>
    make(
      'button',
      { type: 'button', class: what === 'tap' ? 'tap' : 'small', onclick: tap(name, what, body) },
      t(what === 'load' && fresh ? 'card_issue' : `card_${what}`),
    );
  call('GET', 'cards').then((told) => {
    cards = told;
  }, say);

  return {
    update(state) {
      const reader = state.organs.find(({ wire }) => wire === 'reader');
      const missing = reader?.state === 'missing';
      write(about, missing ? t('mend', reader.mend) : t('cards_about'));
      write(both, t('card_both'));
      both.disabled = missing;
      fill(list, JSON.stringify([cards, missing, t('card_tap')]), () =>
        cards.map(({ name, kind, card }) =>
          make(
            'article',
            { class: 'pocket', 'data-kind': kind, 'data-name': name, 'aria-label': name },
            make('strong', {}, name),
            make(
              'span',
              {},
              kind === 'house' && card === null ? t('card_unissued') : t(`card_${kind}`),
            ),
            ...(missing
              ? []
              : (kind === 'house' ? ACTIONS : [ACTIONS[1]]).map((each) =>
                  button(name, card === null, each),
                )),
          ),
        ),
      );
    },
  };
}
