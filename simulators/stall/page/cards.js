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

/** `HC R87T-D9YM-Z7VW-XMMQ`: as a person reads it out. */
const spell = (card) => `HC ${card.slice(2).replace(/(.{4})(?=.)/g, '$1-')}`;

const pageLink = (href, text, title = null) =>
  make('a', { href, target: '_blank', rel: 'noreferrer', title }, text);

export function buildCards(root, { say }) {
  const list = make('div', { class: 'pockets' });
  const both = make('button', { type: 'button', class: 'small' });
  const about = make('p', { class: 'about' });
  const pages = make('p', { class: 'about pages' });
  root.append(about, list, both, pages);
  let cards = [];
  let busy = false;
  let last = null;

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
    draw();
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
  // What others did with them, such as a script, shows in what is said and printed.
  let looked = '';
  const look = (seen) => {
    if (seen === looked || busy) return;
    looked = seen;
    call('GET', 'cards').then((told) => {
      if (busy) return;
      cards = told;
      draw();
    }, say);
  };

  // Cards come by themselves, between two states.
  const draw = () => {
    if (last !== null) show(last);
  };
  const show = (state) => {
    const reader = state.organs.find(({ wire }) => wire === 'reader');
    const missing = reader?.state === 'missing';
    write(about, missing ? t('mend', reader.mend) : t('cards_about'));
    write(both, t('card_both'));
    both.disabled = missing;
    const { http } = state.gateway;
    fill(pages, JSON.stringify([http, t('card_shop')]), () =>
      [
        ['card_shop', '/shop/lin'],
        ['card_top_up', '/top-up'],
        ['card_counter', '/counter'],
      ].map(([word, path]) => pageLink(http + path, t(word))),
    );
    fill(list, JSON.stringify([cards, missing, t('card_tap'), http]), () =>
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
          ...(card === null
            ? []
            : [pageLink(`${http}/top-up?card=${card}`, spell(card), t('card_top_up'))]),
          ...(missing
            ? []
            : (kind === 'house' ? ACTIONS : [ACTIONS[1]]).map((each) =>
                button(name, card === null, each),
              )),
        ),
      ),
    );
  };
  return {
    update(state) {
      last = state;
      look(`${state.spoken.length} ${state.papers.length}`);
      draw();
    },
  };
}
