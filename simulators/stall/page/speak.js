/** The vendor's own voice: a phrase is said beside the terminal's microphone, once it listens. */
import { fill, make, mark, show, write } from './dom.js';
import { buildOwnVoice } from './own-voice.js';
import { call } from './stall.js';
import { t } from './words.js';

export function buildSpeak({ press, say }) {
  const text = make('input', { maxlength: 200, autocomplete: 'off', size: 10 });
  const voice = make('select', {});
  const submit = make('button', { class: 'small' });
  const own = buildOwnVoice({
    kind: 'small',
    path: 'microphone/voice',
    say,
    before: () => press('*'),
  });
  const lacks = make('p', { class: 'speak-lacks' });
  const form = make('form', { class: 'speak' }, text, voice, submit, own.button);
  let speaking = false;
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (speaking) return;
    speaking = true;
    submit.disabled = true;
    press('*');
    const words = text.value.trim() || t('speak_example');
    await call('POST', 'microphone', { text: words, voice: voice.value }).catch(say);
    speaking = false;
    submit.disabled = false;
  });
  return {
    element: make('div', {}, form, lacks),
    update(state) {
      const organ = state.organs.find(({ wire }) => wire === 'microphone');
      show(form, organ !== undefined && organ.state !== 'missing');
      show(lacks, organ === undefined);
      write(lacks, t('speak_lacks'));
      mark(text, 'aria-label', t('speak_what'));
      mark(text, 'placeholder', t('speak_example'));
      mark(voice, 'aria-label', t('call_voice'));
      write(submit, t('speak_now'));
      own.label();
      mark(submit, 'title', t('speak_about'));
      fill(voice, JSON.stringify(state.telephone.voices), () =>
        state.telephone.voices.map(({ name }) => make('option', { value: name }, name)),
      );
    },
  };
}
