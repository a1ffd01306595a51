/** In the audio thread: hands on what the browser's microphone gives. */

class Recorder extends AudioWorkletProcessor {
  process([input]) {
    const [samples] = input ?? [];
    if (samples !== undefined && samples.length > 0) this.port.postMessage(samples.slice());
    return true;
  }
}

registerProcessor('recorder', Recorder);
