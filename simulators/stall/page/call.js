/** The phone box: call the stall, press keys, say a sentence, read what is said and what arrives. */
import { buildCallSound } from './call-sound.js';
import { fill, make, mark, show, write } from './dom.js';
import { buildOwnVoice } from './own-voice.js';
import { call } from './stall.js';
import { spokenLanguage, t } from './words.js';

const KEYS = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '0', '#'];
const NOISES = ['quiet', 'street', 'crowd', 'loud'];
/** A first call, sentence by sentence. */
const EXAMPLES = {
  en: ['what do you have', 'two pork dumplings please', 'that is all', 'yes'],
  'zh-CN': ['有什么', '两份猪肉水饺', '就这些', '好的'],
};

export function buildCall(root, { say, isLoud }) {
  const act = (path, body = {}) => call('POST', `telephone/${path}`, body).catch(say);
  const handset = buildHandset(act);
  const talk = buildTalk(act, say);
  const desk = buildDesk(act);
  const sound = buildCallSound(isLoud);
  root.append(handset.element, talk.element, desk.element);
  let on = false;
  root.addEventListener('keydown', ({ key, target, ctrlKey, metaKey, altKey }) => {
    if (!on || ctrlKey || metaKey || altKey || !KEYS.includes(key)) return;
    if (!target.closest('input, select')) act('keys', { keys: key });
  });
  // A figure that is pressed here is not the terminal's, whether a call is on or not.
  root.addEventListener('keydown', (event) => event.key.length === 1 && event.stopPropagation());
  return {
    update(state) {
      on = state.telephone.call === 'talking';
      handset.update(state);
      talk.update(state);
      desk.update(state.telephone);
      sound.update(on);
    },
  };
}

function buildHandset(act) {
  const from = make('select', {});
  const fromLabel = make('span', {});
  const status = make('p', { class: 'call-status', role: 'status' });
  const keys = make('div', { class: 'call-keys', role: 'group' });
  for (const key of KEYS) {
    const press = () => act('keys', { keys: key });
    keys.append(make('button', { type: 'button', onclick: press }, key));
  }
  let dialling = false;
  const dial = make('button', {
    type: 'button',
    class: 'main',
    onclick: async () => {
      dialling = true;
      dial.disabled = true;
      const withheld = from.value === '';
      await act('call', withheld ? { withheld } : { from: from.value });
      dialling = false;
      dial.disabled = false;
    },
  });
  const hangUp = make('button', {
    type: 'button',
    class: 'danger',
    onclick: () => act('hang-up'),
  });
  return {
    element: make(
      'div',
      { class: 'handset' },
      make('label', { class: 'field' }, fromLabel, from),
      status,
      keys,
      make('div', { class: 'call-buttons' }, dial, hangUp),
    ),
    update({ telephone, payers }) {
      const on = telephone.call === 'talking' || telephone.call === 'ringing';
      write(fromLabel, t('call_from'));
      fill(from, JSON.stringify([payers, t('call_withheld')]), () => [
        ...payers.map(({ phone, label }) => make('option', { value: phone }, label)),
        make('option', { value: '' }, t('call_withheld')),
      ]);
      from.disabled = on;
      write(status, statusOf(telephone, dialling));
      mark(status, 'data-call', telephone.call);
      mark(keys, 'aria-label', t('call_keys'));
      for (const key of keys.children) key.disabled = telephone.call !== 'talking';
      write(dial, t('call_dial'));
      write(hangUp, t('call_hang_up'));
      show(dial, !on);
      show(hangUp, on);
    },
  };
}

function statusOf({ call: state, with: partner, machine }, dialling) {
  if (machine.state === 'starting' || dialling) return t('call_starting');
  if (machine.state === 'failed') return t('call_failed');
  if (state === 'talking') return t(`call_with_${partner}`);
  return t(`call_${state}`);
}

function buildTalk(act, say) {
  const list = make('ol', {});
  const log = make('div', { class: 'talk', role: 'log', tabindex: '0' }, list);
  const text = make('input', { maxlength: 300, autocomplete: 'off' });
  const textLabel = make('span', {});
  const voice = make('select', {});
  const voiceLabel = make('span', {});
  const noise = make('select', {});
  const noiseLabel = make('span', {});
  const submit = make('button', { class: 'main' });
  const own = buildOwnVoice({ kind: 'small', path: 'telephone/voice', say });
  const examples = make('div', { class: 'examples', role: 'group' });
  const lacks = make('div', { class: 'lacks' });
  const how = make('p', { class: 'how' });
  const speak = (words) => {
    if (words.trim() === '') return say(new Error(t('call_say_nothing')));
    return act('say', { text: words, voice: voice.value, noise: noise.value });
  };
  const form = make(
    'form',
    { class: 'say' },
    make('label', { class: 'field wide' }, textLabel, text),
    submit,
    make('label', { class: 'field' }, voiceLabel, voice),
    make('label', { class: 'field' }, noiseLabel, noise),
    own.button,
  );
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    speak(text.value);
    text.select();
  });
  return {
    element: make('div', { class: 'talk-area' }, log, how, lacks, examples, form),
    update({ telephone, payers }) {
      const talking = telephone.call === 'talking';
      mark(log, 'aria-label', t('call_talk'));
      if (updateLines(list, telephone)) log.scrollTop = log.scrollHeight;
      updateLacks(lacks, telephone);
      write(textLabel, t('call_sentence'));
      write(voiceLabel, t('call_voice'));
      write(noiseLabel, t('call_noise'));
      write(submit, t(telephone.speaking ? 'call_speaking' : 'call_say'));
      submit.disabled = !talking || telephone.speaking;
      own.label();
      show(own.button, talking);
      updateChoices(voice, noise, telephone.voices);
      const payer = payers.find(({ phone }) => phone === telephone.from);
      const written = telephone.talk.some(({ who }) => who === 'sms');
      show(how, written && Boolean(payer?.password));
      write(how, t('sms_how', payer?.phone ?? '', payer?.password ?? ''));
      show(examples, talking && telephone.with === 'assistant');
      mark(examples, 'aria-label', t('call_examples'));
      const of = telephone.voices.find(({ name }) => name === voice.value)?.language ?? 'en';
      fill(examples, `${of} ${telephone.speaking}`, () =>
        EXAMPLES[of].map((words) => {
          const onclick = () => speak(words);
          const attributes = { type: 'button', class: 'small', lang: of, onclick };
          return make('button', { ...attributes, disabled: telephone.speaking }, `“${words}”`);
        }),
      );
    },
  };
}

/** Whether there is something new. */
function updateLines(list, { talk }) {
  const before = list.dataset.key;
  fill(list, JSON.stringify([talk, spokenLanguage()]), () => {
    if (talk.length === 0) return [make('li', { class: 'empty' }, t('call_hint'))];
    return talk.map(({ who, text }) =>
      make(
        'li',
        { 'data-who': who },
        make('b', {}, t(`talk_${who}`)),
        make('span', {}, ...(who === 'sms' ? linked(text) : [text])),
      ),
    );
  });
  return before !== list.dataset.key;
}

/** A message's text with its links made to press. */
const linked = (text) =>
  text.split(/(https?:\/\/\S+)/).map((part, at) => {
    if (at % 2 === 0) return part;
    return make('a', { href: part, target: '_blank', rel: 'noopener' }, part);
  });

function updateLacks(root, { lacks }) {
  const mine = lacks.filter(({ language }) => language === 'en' || language === spokenLanguage());
  fill(root, JSON.stringify([mine, spokenLanguage()]), () =>
    mine.map(({ what, mend }) => make('p', { class: 'mend' }, `${what}. ${t('mend', mend)}`)),
  );
}

function updateChoices(voice, noise, voices) {
  fill(voice, `${voices.length} ${spokenLanguage()}`, () =>
    voices.map(({ name, language }) => {
      const label = `${name} · ${language === 'en' ? 'English' : '中文'}`;
      return make('option', { value: name }, label);
    }),
  );
  fill(noise, spokenLanguage(), () =>
    NOISES.map((each) => make('option', { value: each }, t(`noise_${each}`))),
  );
}

function buildDesk(act) {
  const about = make('span', {});
  const open = make('button', { type: 'button', class: 'small' });
  const link = make('a', { target: '_blank', rel: 'noopener', class: 'button small' });
  const tokenLabel = make('span', {});
  const token = make('input', { readonly: true, size: 12 });
  token.addEventListener('focus', () => token.select());
  const copy = make('button', { type: 'button', class: 'small' });
  copy.addEventListener('click', async () => {
    token.select();
    await navigator.clipboard.writeText(token.value).catch(() => undefined);
    write(copy, t('desk_copied'));
  });
  const entry = make('label', { class: 'desk-token' }, tokenLabel, token);
  open.addEventListener('click', async () => {
    open.disabled = true;
    await act('start');
    open.disabled = false;
  });
  return {
    element: make('p', { class: 'desk' }, about, open, link, entry, copy),
    update({ desk, machine }) {
      const on = desk !== null && machine.state === 'ready';
      write(about, t('desk_about'));
      write(open, t('desk_start'));
      show(open, !on);
      for (const part of [link, entry, copy]) show(part, on);
      if (!on) return;
      write(link, t('desk_open'));
      mark(link, 'href', desk.url);
      write(tokenLabel, t('desk_token'));
      if (copy.textContent === '' || token.value !== desk.token) write(copy, t('desk_copy'));
      if (token.value !== desk.token) token.value = desk.token;
    },
  };
}
