// Follows the terminal: each event is the new <main>. Says so plainly when the terminal is silent.
const SILENT_MS = 5000;
const gone = document.getElementById('gone');
let heard = performance.now();
let source;

const alive = () => {
  heard = performance.now();
  gone.hidden = true;
};

function follow() {
  source?.close();
  source = new EventSource('/events');
  source.addEventListener('hello', (event) => {
    if (event.data !== document.body.dataset.version) location.reload();
  });
  source.addEventListener('screen', (event) => {
    const template = document.createElement('template');
    template.innerHTML = event.data;
    document.getElementById('screen').replaceWith(template.content);
    alive();
  });
  source.addEventListener('beat', alive);
  source.addEventListener('error', () => {
    gone.hidden = false;
  });
}

follow();
setInterval(() => {
  const silent = performance.now() - heard > SILENT_MS;
  if (silent) gone.hidden = false;
  // A closed source never tries again, and a hung terminal never closes it.
  if (source.readyState === EventSource.CLOSED || silent) follow();
}, 1000);

// Keys are sent without leaving the page; without this script the form posts them.
document.addEventListener('submit', (event) => event.preventDefault());
document.addEventListener('pointerdown', (event) => press(event.target.closest?.('button')));
document.addEventListener('click', (event) => {
  // Only a keyboard's or a switch's click has no pointer before it.
  if (event.detail === 0) press(event.target.closest?.('button'));
});

// One after another, so that keys never overtake each other.
let sent = Promise.resolve();
function press(button) {
  if (!button) return;
  const body = new URLSearchParams({ key: button.value });
  sent = sent
    .then(() => fetch('/key', { method: 'POST', body, redirect: 'manual' }))
    .catch(() => {});
}
