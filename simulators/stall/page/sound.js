/** The terminal's speaker in the browser: plays what the sound card really was given. */
import { mark, write } from './dom.js';
import { t } from './words.js';

export function buildSound(button, { say }) {
  let on = false;
  let heard = null;
  let playing = Promise.resolve();

  const playOne = (spoken) =>
    new Promise((resolve) => {
      const audio = new Audio(`/v1/spoken/${spoken.id}.wav`);
      audio.addEventListener('ended', resolve);
      audio.addEventListener('error', resolve);
      audio.play().catch((error) => {
        if (error.name === 'NotAllowedError') {
          on = false;
          label();
          say(t('sound_blocked'));
        }
        resolve();
      });
    });
  const play = (spoken) => {
    playing = playing.then(() => playOne(spoken));
  };
  const label = () => {
    write(button, t(on ? 'sound_on' : 'sound_off'));
    mark(button, 'aria-pressed', on ? 'true' : 'false');
  };
  const turn = (wanted) => {
    on = wanted;
    label();
  };
  button.addEventListener('click', () => turn(!on));
  // The first press of any key of the page is leave enough for a browser.
  addEventListener(
    'pointerdown',
    (event) => event.target !== button && heard !== null && !on && turn(true),
    { once: true },
  );
  addEventListener('keydown', () => turn(true), { once: true });

  return {
    play,
    isOn: () => on,
    update(state) {
      label();
      const last = state.spoken.at(-1)?.id ?? 0;
      if (heard !== null && on) {
        for (const spoken of state.spoken) if (spoken.id > heard) play(spoken);
      }
      heard = last;
    },
  };
}
