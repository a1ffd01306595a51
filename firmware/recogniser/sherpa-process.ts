/**
 * The process with sherpa-onnx in it. A neural model hears any words of its language; what it heard is
 * read by our own rules, and what makes no sense is declined there.
 * Arguments: the files of the model, as JSON.
 */
import { createRequire } from 'node:module';
import type { Recognised, Utterance } from '#device/ports/recogniser.ts';
import { resample } from '#device/speech/resample.ts';
import { type Engine, lose, serve } from './child-end.ts';
import type { SherpaModel } from './sherpa.ts';

/** The parts of sherpa-onnx-node 1.13 that are used. */
interface Stream {
  acceptWaveform(wave: { sampleRate: number; samples: Float32Array }): void;
  inputFinished(): void;
}
interface OnlineRecognizer {
  createStream(): Stream;
  isReady(stream: Stream): boolean;
  decode(stream: Stream): void;
  getResult(stream: Stream): { readonly text: string };
}
interface Sherpa {
  readonly OnlineRecognizer: new (config: object) => OnlineRecognizer;
}

const RATE = 16_000;
/** Models want a little silence to say their last word. */
const TAIL = new Float32Array(RATE * 0.5);

function configOf(model: SherpaModel): object {
  const files =
    model.kind === 'ctc'
      ? { zipformer2Ctc: { model: model.model } }
      : {
          transducer: { encoder: model.encoder, decoder: model.decoder, joiner: model.joiner },
        };
  return {
    featConfig: { sampleRate: RATE, featureDim: 80 },
    modelConfig: { ...files, tokens: model.tokens, numThreads: 2, provider: 'cpu', debug: 0 },
    decodingMethod: 'greedy_search',
    enableEndpoint: 0,
  };
}

async function open(): Promise<Engine> {
  const model = JSON.parse(process.argv[2] ?? '') as SherpaModel;
  const sherpa = createRequire(import.meta.url)('sherpa-onnx-node') as Sherpa;
  let recogniser: OnlineRecognizer;
  try {
    recogniser = new sherpa.OnlineRecognizer(configOf(model));
  } catch (error) {
    lose('model', error);
    return new Promise(() => undefined);
  }
  return {
    learn: () => undefined,
    recognise({ rate, samples }: Utterance): Recognised {
      const stream = recogniser.createStream();
      const sound = Float32Array.from(resample(samples, rate, RATE), (each) => each / 32_768);
      stream.acceptWaveform({ sampleRate: RATE, samples: sound });
      stream.acceptWaveform({ sampleRate: RATE, samples: TAIL });
      stream.inputFinished();
      while (recogniser.isReady(stream)) recogniser.decode(stream);
      const text = recogniser.getResult(stream).text.trim();
      return text === '' ? { is: 'nothing' } : { is: 'heard', texts: [text], fit: 1 };
    },
  };
}

serve(open).catch((error: unknown) => lose('library', error));
