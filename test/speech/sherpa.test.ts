/** The neural recogniser's own promises: a model that is not there, or is none, is named with its mend. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Language } from '#device/messages/enrolment.ts';
import { DeviceError } from '#device/ports/device.ts';
import { findModel, openSherpa } from '#firmware/recogniser/sherpa.ts';

let directory = '';
before(() => {
  directory = mkdtempSync(join(tmpdir(), 'sherpa-'));
});
after(() => rmSync(directory, { recursive: true, force: true }));

async function failure(model: string, language: Language = 'zh-CN'): Promise<DeviceError> {
  const opening = openSherpa('recogniser', model, language, { lost: () => undefined });
  const error: unknown = await opening.then(
    () => assert.fail('it should have failed'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof DeviceError, String(error));
  return error;
}

/** A directory with these files, all empty. */
function modelOf(name: string, files: readonly string[]): string {
  const path = join(directory, name);
  mkdirSync(path);
  for (const file of files) writeFileSync(join(path, file), '');
  return path;
}

test('a directory that is not there', async () => {
  const error = await failure(join(directory, 'nowhere'));
  assert.equal(error.code, 'missing_tool');
  assert.match(error.message, /there is no directory .*nowhere/);
  assert.match(error.mend ?? '', /boards\.json.*"driver": "sherpa"/);
});

test('what mends it is said in the terminal’s language', async () => {
  const nowhere = join(directory, 'nowhere');
  assert.match((await failure(nowhere, 'en')).mend ?? '', /^put a voice model on the terminal/);
  assert.match((await failure(nowhere)).mend ?? '', /^请下载中文语音模型/);
});

test('a directory without a model says what is missing', () => {
  assert.match(String(findModel(modelOf('empty', []))), /has no tokens\.txt/);
  assert.match(String(findModel(modelOf('half', ['tokens.txt', 'encoder.onnx']))), /joiner/);
});

test('of two precisions the smaller is taken', () => {
  const names = ['tokens.txt', 'encoder.onnx', 'encoder.int8.onnx', 'decoder.onnx', 'joiner.onnx'];
  const found = findModel(modelOf('both', names));
  assert.ok(typeof found !== 'string' && found.kind === 'transducer');
  assert.match(found.encoder, /encoder\.int8\.onnx$/);
});

test('files that are no model: the library runs, and the terminal is told', async () => {
  const error = await failure(modelOf('broken', ['tokens.txt', 'model.onnx']));
  assert.equal(error.code, 'missing_tool');
  assert.match(error.message, /voice model in .*broken can’t be read/);
  assert.match(error.mend ?? '', /boards\.json/);
});
