/** The page's side of the stall's interface (docs/stall.md): calls, and one stream of what happens. */

/** Calls the interface; rejects with the problem's own words where it is refused. */
export async function call(method, path, body) {
  let response;
  try {
    response = await fetch(`/v1/${path}`, {
      method,
      ...(body === undefined
        ? {}
        : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
  } catch {
    throw new Error('The stall does not answer. Is npm start still running?');
  }
  const answer = response.status === 204 ? null : await response.json();
  if (response.ok) return answer;
  throw new Error(answer.detail ?? response.statusText);
}

/** Listens for good: the browser joins again by itself, and misses nothing that is kept. */
export function listen({ state, wire, link }) {
  const source = new EventSource('/v1/events');
  source.addEventListener('state', (event) => state(JSON.parse(event.data)));
  source.addEventListener('wire', (event) => wire(JSON.parse(event.data)));
  source.addEventListener('open', () => link(true));
  source.addEventListener('error', () => link(false));
}
