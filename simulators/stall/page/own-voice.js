/** A button with which somebody speaks through the browser's own microphone: press, speak, press again. */
import { mark, write } from './dom.js';
import { t } from './words.js';

/** Nobody forgets it on for longer. */
const MOST_MS = 20_000;

/** `before` is done when somebody has spoken, before it is sent to `path`. */
export function buildOwnVoice({ kind, path, say, before = () => undefined }) {
  const button = make(kind);
  let recording = null;
  let timer = 0;
  const finish = async () => {
    clearTimeout(timer);
    const { stop } = recording;
    recording = null;
    label();
    const { rate, samples } = stop();
    before();
    const response = await fetch(`/v1/${path}?rate=${rate}`, {
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream' },
      body: samples,
    });
    if (!response.ok) throw new Error((await response.json()).detail);
  };
  const label = () => {
    write(button, t(recording === null ? 'own_voice' : 'own_voice_send'));
    mark(button, 'aria-pressed', String(recording !== null));
  };
  button.addEventListener('click', async () => {
    button.disabled = true;
    try {
      if (recording !== null) await finish();
      else {
        recording = await record();
        timer = setTimeout(() => recording !== null && finish().catch(say), MOST_MS);
      }
    } catch (error) {
      say(error.name === 'NotAllowedError' ? new Error(t('own_voice_refused')) : error);
    }
    button.disabled = false;
    label();
  });
  return { button, label };
}

function make(kind) {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = kind;
  return button;
}

async function record() {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  const context = new AudioContext();
  await context.audioWorklet.addModule('recorder.js');
  const parts = [];
  const node = new AudioWorkletNode(context, 'recorder', { numberOfOutputs: 0 });
  node.port.onmessage = ({ data }) => parts.push(data);
  context.createMediaStreamSource(stream).connect(node);
  return {
    stop() {
      for (const track of stream.getTracks()) track.stop();
      const rate = context.sampleRate;
      context.close();
      const samples = new Int16Array(parts.reduce((sum, { length }) => sum + length, 0));
      let at = 0;
      for (const part of parts) {
        for (const each of part) {
          samples[at] = Math.max(-1, Math.min(1, each)) * 32_767;
          at += 1;
        }
      }
      return { rate, samples };
    },
  };
}
