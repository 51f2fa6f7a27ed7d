// The plain status page, served where the rich one has not been built. What comes from the agent is set as text only.
const ASK_MS = 10_000;
const ANSWER_MS_MAX = 8_000;
const TOKEN_KEY = 'lakewarden.token';

const at = (id) => document.getElementById(id);

/** From the fragment, which no server ever sees; it goes out of the address at once. */
function takeToken() {
  const given = new URLSearchParams(location.hash.slice(1)).get('token');
  if (given) {
    sessionStorage.setItem(TOKEN_KEY, given);
    history.replaceState(null, '', location.pathname);
  }
  return sessionStorage.getItem(TOKEN_KEY) ?? '';
}

function say(text, wantsToken = false) {
  at('said').textContent = text;
  at('entry').hidden = !wantsToken;
}

function row(cells) {
  const line = document.createElement('tr');
  for (const [index, text] of cells.entries()) {
    const cell = document.createElement(index === 0 ? 'th' : 'td');
    if (index === 0) cell.scope = 'row';
    cell.textContent = text;
    line.append(cell);
  }
  return line;
}

function item(text) {
  const line = document.createElement('li');
  line.textContent = text;
  return line;
}

function show({ layers, breakers, incidents, lag, backfills, next, agent }) {
  at('layers').hidden = false;
  at('layers')
    .querySelector('tbody')
    .replaceChildren(...layers.map(({ layer, state, datasets, why }) => row([layer, state, datasets, why])));
  const open = breakers.filter(({ state }) => state !== 'closed');
  const facts = [
    `lag ${lag.events} events, ${Math.round(lag.seconds)} s`,
    `breakers ${open.length === 0 ? 'all closed' : open.map((each) => `${each.dependency} ${each.state}`).join(', ')}`,
    `incidents ${incidents.open}${incidents.title === undefined ? '' : ` · ${incidents.title}`}`,
    ...(backfills > 0 ? [`backfills ${backfills}`] : []),
    ...(next === '' ? [] : [`next: lakewarden ${next}`]),
  ];
  at('facts').replaceChildren(...facts.map(item));
  say(`${agent.pipeline} · agent ${agent.version} · ${new Date().toLocaleTimeString()}`);
}

async function ask() {
  const token = takeToken();
  if (token === '') return say('The state of the lake is shown to those who have a token.', true);
  const answer = await fetch('/api/v1/overview', {
    headers: { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(ANSWER_MS_MAX),
  }).catch(() => undefined);
  if (answer === undefined) return say('The agent does not answer; what is below may be old.');
  if (answer.status === 401 || answer.status === 403) {
    sessionStorage.removeItem(TOKEN_KEY);
    return say('The token is not valid any more.', true);
  }
  if (!answer.ok) return say(`The agent answers ${answer.status}; what is below may be old.`);
  show(await answer.json());
}

async function askAgain() {
  await ask().catch((error) => say(`The answer could not be shown: ${error.message}`));
  setTimeout(askAgain, ASK_MS);
}

at('use').addEventListener('click', () => {
  sessionStorage.setItem(TOKEN_KEY, at('token').value.trim());
  at('token').value = '';
  void ask();
});
void askAgain();
