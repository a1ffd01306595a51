/** The sound of calls in this browser: opened at the first click or key, as browsers want it. */
const RATE = 8000;

export class Sound {
  /** `send` gets 20 ms of the microphone each time, as Int16Array. */
  constructor(send) {
    this.send = send;
    this.node = null;
    this.muted = false;
    this.opening = null;
  }

  /** Resolves to whether there is a microphone; hearing works without one. */
  open() {
    this.opening ??= this.start();
    return this.opening;
  }

  async start() {
    const context = new AudioContext({ sampleRate: RATE });
    await context.audioWorklet.addModule('/worklet.js');
    this.node = new AudioWorkletNode(context, 'call', { outputChannelCount: [1] });
    this.node.connect(context.destination);
    this.node.port.onmessage = ({ data }) => {
      if (!this.muted) this.send(data);
    };
    await context.resume();
    try {
      const audio = { echoCancellation: true, noiseSuppression: true, channelCount: 1 };
      const stream = await navigator.mediaDevices.getUserMedia({ audio });
      context.createMediaStreamSource(stream).connect(this.node);
      return true;
    } catch {
      this.opening = null;
      return false;
    }
  }

  play(samples) {
    this.node?.port.postMessage(samples);
  }
}
