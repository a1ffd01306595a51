/** The newest recordings, to be played. */
import { at, make, show, words } from './parts.js';

/** Not while one is being heard, unless it was asked for. */
export async function recordings(asked = false) {
  if (!asked && at('recordings').querySelector('audio')) return;
  const answer = await fetch('/recordings').catch(() => null);
  if (!answer?.ok) return;
  const { recordings: all } = await answer.json();
  const items = all.map(({ id, at: begun, from, length_ms }) => {
    const item = make('li');
    const when = new Date(begun).toLocaleTimeString();
    const text = `${when} ${from ?? words.withheld} ${Math.round(length_ms / 1000)} s`;
    const play = make('button', words.play, {
      type: 'button',
      'aria-label': `${words.play} ${text}`,
      onclick: () => {
        const audio = make('audio', undefined, { controls: '', src: `/recordings/${id}.wav` });
        play.replaceWith(audio);
        void audio.play().catch(() => undefined);
      },
    });
    item.append(make('span', text), play);
    return item;
  });
  show(at('recordings'), items, words.none);
}
at('refresh').addEventListener('click', () => void recordings(true));
