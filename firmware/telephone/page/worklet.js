/* global AudioWorkletProcessor, registerProcessor */
/** Both ways of a call at 8 kHz: what the microphone gives goes out, what comes in is played. */
const FRAME = 160;
/** A little waits before it is played, so that an uneven network is not heard; not more than this. */
const BEGIN = 480;
const MOST = 3200;

class CallProcessor extends AudioWorkletProcessor {
  constructor() {
    super();
    this.queue = [];
    this.queued = 0;
    this.at = 0;
    this.playing = false;
    this.out = new Int16Array(FRAME);
    this.filled = 0;
    this.port.onmessage = ({ data }) => {
      this.queue.push(data);
      this.queued += data.length;
      while (this.queued - this.at > MOST) this.drop();
      if (this.queued >= BEGIN) this.playing = true;
    };
  }

  drop() {
    this.queued -= this.queue.shift().length;
    this.at = 0;
  }

  process([input], [output]) {
    const microphone = input[0];
    if (microphone) {
      for (const level of microphone) {
        this.out[this.filled++] = Math.max(-1, Math.min(1, level)) * 32767;
        if (this.filled < FRAME) continue;
        this.port.postMessage(this.out.slice());
        this.filled = 0;
      }
    }
    const ear = output[0];
    for (let i = 0; i < ear.length; i += 1) ear[i] = this.playing ? this.next() : 0;
    return true;
  }

  next() {
    const [first] = this.queue;
    if (!first) {
      this.playing = false;
      return 0;
    }
    const level = first[this.at++] / 32768;
    if (this.at >= first.length) this.drop();
    return level;
  }
}

registerProcessor('call', CallProcessor);
