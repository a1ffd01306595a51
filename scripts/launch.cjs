'use strict';
/*
 * The one way in: `npm start`, `npm test` and the rest come here first, on whatever Node the machine
 * has. What is missing (npm packages, Node 24, Debian packages) is installed, or named with the one
 * command that installs it; then the command runs on Node 24. Plain old JavaScript, because an old
 * Node must be able to read it.
 */
const { spawn, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const HOME = path.join(__dirname, '..');
const NEEDED_NODE = 24;

const LIBRARIES = { x64: '/usr/lib/x86_64-linux-gnu', arm64: '/usr/lib/aarch64-linux-gnu' };

/** Debian package → a file that is there when it is installed, and what it is for. */
const PACKAGES = {
  'libusb-1.0-0': [`${LIBRARIES[process.arch]}/libusb-1.0.so.0`, 'the USB keypad'],
  socat: ['/usr/bin/socat', 'simulated serial wires'],
  umockdev: ['/usr/bin/umockdev-run', 'the simulated USB keypad and scanner'],
  'espeak-ng': ['/usr/bin/espeak-ng', 'the voice'],
  'alsa-utils': ['/usr/bin/aplay', 'the speaker and the microphone'],
  libpocketsphinx3: [`${LIBRARIES[process.arch]}/libpocketsphinx.so.3`, 'spoken amounts'],
  'pocketsphinx-en-us': [
    '/usr/share/pocketsphinx/model/en-us/cmudict-en-us.dict',
    'spoken amounts',
  ],
  flite: ['/usr/bin/flite', 'the voice of the telephone'],
  festival: ['/usr/bin/festival', 'voices that test the recogniser'],
  'festvox-kallpc16k': [
    '/usr/share/festival/voices/english/kal_diphone/festvox/kal_diphone.scm',
    'voices that test the recogniser',
  ],
  'festvox-kdlpc16k': [
    '/usr/share/festival/voices/english/ked_diphone/festvox/ked_diphone.scm',
    'voices that test the recogniser',
  ],
  'festvox-us-slt-hts': [
    '/usr/share/festival/voices/us/cmu_us_slt_arctic_hts/festvox/cmu_us_slt_arctic_hts.scm',
    'voices that test the recogniser',
  ],
  chromium: ['/usr/bin/chromium', "the simulated screen and the customers' browsers"],
  'fonts-noto-cjk': [
    '/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc',
    'Chinese on screens',
  ],
  mosquitto: ['/usr/sbin/mosquitto', 'tests with an external broker'],
  'bluez-test-tools': ['/usr/bin/btvirt', 'the second judge of the radio'],
  'gcc-avr': ['/usr/bin/avr-gcc', 'the second judge of the Firmata panel'],
  'avr-libc': ['/usr/lib/avr/include/avr/io.h', 'the second judge of the Firmata panel'],
  'arduino-core-avr': [
    '/usr/share/arduino/hardware/arduino/avr/boards.txt',
    'the second judge of the Firmata panel',
  ],
  gcc: ['/usr/bin/gcc', 'the card library, and the second judges of radio and card'],
  'g++': ['/usr/bin/g++', 'the card library'],
  make: ['/usr/bin/make', 'the card library'],
  python3: ['/usr/bin/python3', 'the card library'],
  'libpcsclite-dev': ['/usr/include/PCSC/winscard.h', 'the card library'],
  pcscd: ['/usr/sbin/pcscd', 'card readers'],
  'vsmartcard-vpcd': ['/usr/lib/pcsc/drivers/serial/libifdvpcd.so', 'the simulated card reader'],
  'libnfc-bin': ['/usr/bin/nfc-list', 'a second judge of the card'],
  'libfreefare-bin': ['/usr/bin/mifare-desfire-info', 'a second judge of the card'],
  'pcsc-tools': ['/usr/bin/scriptor', 'a second judge of the card'],
  opensc: ['/usr/bin/opensc-tool', 'a second judge of the card'],
};

/** What the card library is compiled with, and what speaks to readers. */
const CARDS = ['gcc', 'g++', 'make', 'python3', 'libpcsclite-dev', 'pcscd'];
const RECOGNISER = ['libpocketsphinx3', 'pocketsphinx-en-us'];
const ON_METAL = ['espeak-ng', 'alsa-utils', 'libusb-1.0-0', ...RECOGNISER];
const READER = [...CARDS, 'vsmartcard-vpcd'];
const SIMULATED = [
  ...[...ON_METAL, ...READER, 'socat', 'umockdev', 'chromium', 'fonts-noto-cjk'],
  'flite',
];
/** Voices of three synthesisers, to speak to the recogniser. */
const VOICES = [
  'espeak-ng',
  'flite',
  'festival',
  'festvox-kallpc16k',
  'festvox-kdlpc16k',
  'festvox-us-slt-hts',
];
const ALL = Object.keys(PACKAGES);

/** Nothing needs it, and the browsers of the tests take a third of the work with it. */
const LIGHT_BROWSER = 'chromium-headless-shell';

/** How often it looks whether npm still runs. */
const PARENT_MS = 500;

const FLAGS = require('../firmware/node.json').telephone_flags;

/** Command → what runs, and the Debian packages it wants. */
const COMMANDS = {
  start: { run: ['simulators/stall/main.ts'], packages: SIMULATED },
  metal: { run: ['scripts/metal.ts'], packages: [...ON_METAL, ...CARDS] },
  sale: { run: ['simulators/stall/sale.ts'], packages: SIMULATED },
  'bench:call': { run: ['test/bench/call.ts'], packages: ['socat', 'espeak-ng'] },
  'bench:drain': { run: ['test/bench/drain.ts'], packages: [] },
  fuzz: { run: ['test/fuzz/main.ts'], packages: [] },
  'power-cuts': { run: ['test/power-cuts/main.ts'], packages: ['gcc'] },
  chaos: { run: ['test/chaos/main.ts'], packages: READER },
  telephone: {
    run: [...FLAGS, 'firmware/telephone/main.ts'],
    packages: ['espeak-ng', 'flite', ...RECOGNISER],
  },
  'bench:turns': {
    run: ['test/bench/turns.ts'],
    packages: ['socat', 'chromium', 'espeak-ng', 'flite', ...RECOGNISER],
  },
  bench: { run: ['test/bench/main.ts'], packages: SIMULATED },
  'race:vouchers': { run: ['test/race/main.ts'], packages: [] },
  simulate: { run: ['test/simulation/main.ts'], packages: [] },
  'bench:speech': { run: ['test/bench/speech/main.ts'], packages: [...RECOGNISER, ...VOICES] },
  test: { run: ['scripts/test.ts'], packages: ALL },
  proofs: { run: ['scripts/test.ts', '--slow'], packages: ALL },
  check: { run: ['scripts/check.ts'], packages: [] },
};

const say = (text) => process.stderr.write(`hawker: ${text}\n`);

function fail(text) {
  say(text);
  process.exit(1);
}

/** Runs a program with its output on ours; its exit code. */
function run(program, args, options = {}) {
  const done = spawnSync(program, args, { cwd: HOME, stdio: ['ignore', 2, 2], ...options });
  if (done.error) return 127;
  return done.status === null ? 1 : done.status;
}

function runNpm(args, more = {}) {
  const npm = process.env.npm_execpath;
  const env = { ...process.env, NODE_ENV: 'development', ...more };
  return npm ? run(process.execPath, [npm, ...args], { env }) : run('npm', args, { env });
}

/** The lock file that the packages were installed from is kept beside them. */
function installPackages() {
  const lock = fs.readFileSync(path.join(HOME, 'package-lock.json'));
  const mark = path.join(HOME, 'node_modules', '.hawker-lock');
  if (fs.existsSync(mark) && fs.readFileSync(mark).equals(lock)) return;
  say('installing npm packages (once, about half a minute) …');
  // Every addon but the card library ships prebuilt binaries and finds them by itself: no install
  // script has to run.
  // `npm ci` would first take away what a running terminal may be loading.
  const verb = fs.existsSync(path.dirname(mark)) ? ['install', '--no-save'] : ['ci'];
  const args = [...verb, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const status = runNpm(args);
  if (status !== 0) fail('npm could not install the packages; see above. Then try again.');
  fs.writeFileSync(mark, lock);
}

/** This machine's Node where it is new enough, else the one that npm brought. */
function findNode() {
  if (Number(process.versions.node.split('.')[0]) >= NEEDED_NODE) return process.execPath;
  const carried = path.join(HOME, 'node_modules', `node-linux-${process.arch}`, 'bin', 'node');
  if (fs.existsSync(carried)) return carried;
  return fail(
    `Node ${NEEDED_NODE} is needed, this is ${process.versions.node}, and npm carries none for ` +
      `${process.platform}-${process.arch}; install Node ${NEEDED_NODE} or newer`,
  );
}

/** The card library is compiled once, against the Node that runs it. */
function buildCardLibrary(node) {
  const folder = path.join(HOME, 'node_modules', '@pokusew', 'pcsclite');
  const built = path.join(folder, 'build', 'Release', 'pcsclite.node');
  if (!fs.existsSync(folder) || fs.existsSync(built)) return;
  if (CARDS.some((name) => !fs.existsSync(PACKAGES[name][0]))) return;
  say('building the card library (once, about ten seconds) …');
  const root = path.join(path.dirname(fs.realpathSync(node)), '..');
  const carried = fs.existsSync(path.join(root, 'include', 'node', 'node.h'));
  const nodedir = carried ? { npm_config_nodedir: root } : {};
  const args = ['rebuild', '@pokusew/pcsclite', '--loglevel=error'];
  if (runNpm(args, nodedir) !== 0 || !fs.existsSync(built)) {
    say('the card library could not be built; card readers on PC/SC are shown as missing');
  }
}

function installDebianPackages(names) {
  const missing = names.filter((name) => !fs.existsSync(PACKAGES[name][0]));
  if (missing.length === 0) return;
  const command = `apt-get install --yes --no-install-recommends ${missing.join(' ')}`;
  for (const name of missing) say(`${name} is missing: ${PACKAGES[name][1]}`);
  const isRoot = typeof process.getuid === 'function' && process.getuid() === 0;
  if (!isRoot || !fs.existsSync('/usr/bin/apt-get')) {
    say(`what needs them is shown as missing. To bring them: sudo ${command}`);
    return;
  }
  say(`installing them: ${command}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const args = ['-qq', ...command.split(' ').slice(1)];
  // A fresh machine has no package lists; one that has them needs no network for this.
  if (run('apt-get', args, { env }) === 0) return;
  run('apt-get', ['-qq', 'update'], { env });
  if (run('apt-get', args, { env }) !== 0) {
    say(`that failed; what needs them is shown as missing. To try by hand: sudo ${command}`);
  }
}

/** Asked for once and by itself: where there is none, chromium does its work. */
function wishForLightBrowser() {
  if (fs.existsSync(`/usr/bin/${LIGHT_BROWSER}`) || !fs.existsSync('/usr/bin/apt-get')) return;
  if (typeof process.getuid !== 'function' || process.getuid() !== 0) return;
  say(`installing ${LIGHT_BROWSER}: the tests are quicker with it`);
  const patience = ['-o', 'Acquire::Retries=0', '-o', 'Acquire::http::Timeout=10'];
  const args = ['-qq', ...patience, 'install', '--yes', '--no-install-recommends', LIGHT_BROWSER];
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  if (run('apt-get', args, { env }) !== 0) say('that failed; they run without it');
}

/** `npm start -- --board NAME`: any board but the simulated one is metal. */
function resolveCommand(name, args) {
  const at = args.findIndex((arg) => arg === '--board' || arg.startsWith('--board='));
  if (name !== 'start' || at < 0) return name;
  const board = args[at].includes('=') ? args[at].slice('--board='.length) : args[at + 1];
  return board === 'simulated' ? 'start' : 'metal';
}

/** The shell between npm and this passes no signal on: whoever stops npm means what it started. */
function followNpm(child) {
  const { ppid } = process;
  if (process.env.npm_lifecycle_event === undefined) return;
  const look = () => process.ppid !== ppid && child.kill('SIGTERM');
  setInterval(look, PARENT_MS).unref();
}

function main() {
  const [name = 'start', ...args] = process.argv.slice(2);
  const command = COMMANDS[resolveCommand(name, args)];
  if (command === undefined) {
    fail(`there is no command ${name}; there are ${Object.keys(COMMANDS).join(', ')}`);
  }
  installPackages();
  const node = findNode();
  installDebianPackages(command.packages);
  if (command.packages === ALL) wishForLightBrowser();
  if (CARDS.every((each) => command.packages.includes(each))) buildCardLibrary(node);
  const bin = path.join(HOME, 'node_modules', '.bin');
  const child = spawn(node, [...command.run, ...args], {
    cwd: HOME,
    stdio: 'inherit',
    env: {
      ...process.env,
      PATH: `${path.dirname(node)}${path.delimiter}${bin}${path.delimiter}${process.env.PATH}`,
      NODE_COMPILE_CACHE: path.join(HOME, 'node_modules', '.cache', 'node'),
    },
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.on(signal, () => child.kill(signal));
  followNpm(child);
  child.on('exit', (code, signal) => process.exit(signal ? 1 : code));
}

main();
