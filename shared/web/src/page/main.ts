/** @file The page: a form, and the text that the model makes of what stands in it. */
import { isBackend, openModel, type GeneratedText, type WebModel } from '../client/index.ts';
import { element } from './element.ts';
import { readSettings } from './settings.ts';
import { BACKEND_NAMES, decimal, describeModel, describeText, megabytes } from './words.ts';

const form = element('form', HTMLFormElement);
const prompt = element('prompt', HTMLTextAreaElement);
const start = element('generate', HTMLButtonElement);
const stop = element('stop', HTMLButtonElement);
const status = element('status', HTMLElement);
const loading = element('loading', HTMLProgressElement);
const trouble = element('trouble', HTMLElement);
const backendChoice = element('backend', HTMLSelectElement);
const [begun, continued] = [element('begun', HTMLElement), element('continued', HTMLElement)];
const tokens = element('tokens', HTMLElement);

let model: WebModel | undefined;
/** Ends the text that is written. */
let writing: AbortController | undefined;
/** Counts choices of a backend: only the last one's model is kept. */
let choices = 0;

/** Opens the model with the backend that is chosen. */
async function open(): Promise<void> {
  const choice = ++choices;
  writing?.abort();
  model?.dispose();
  model = undefined;
  start.disabled = true;
  loading.hidden = false;
  say('Loading …');
  try {
    const asked = backendChoice.value;
    const opened = await openModel('./', {
      backend: isBackend(asked) ? asked : undefined,
      onProgress(loaded, total) {
        loading.value = loaded / total;
        say(`Loading: ${megabytes(loaded)} of ${megabytes(total)} MB`);
      },
    });
    if (choice !== choices) return opened.dispose();
    model = opened;
    trouble.hidden = true;
    start.disabled = false;
    element('about', HTMLElement).textContent = describeModel(opened);
    const missing = opened.without.length === 0 ? '' : ` (not ${opened.without.join('; ')})`;
    say(`Ready: computed by ${BACKEND_NAMES[opened.backend]}${missing}`);
  } catch (error) {
    if (choice === choices) complain(error);
  } finally {
    if (choice === choices) loading.hidden = true;
  }
}

async function write(by: WebModel): Promise<void> {
  const settings = readSettings();
  writing = new AbortController();
  const { signal } = writing;
  show({ busy: true });
  begun.textContent = prompt.value;
  continued.textContent = '';
  tokens.hidden = true;
  say('Reading …');
  let from: number | undefined;
  try {
    const written = await by.generate(prompt.value, {
      ...settings,
      signal,
      onText(piece, count) {
        continued.append(piece);
        from ??= performance.now();
        const rate = (1000 * (count - 1)) / (performance.now() - from);
        say(count < 5 ? 'Writing …' : `${count} tokens, ${decimal(rate)} a second`);
      },
    });
    say(describeText(written, settings.seed, by.backend));
    showTokens(written, by);
  } catch (error) {
    complain(error);
  } finally {
    writing = undefined;
    show({ busy: false });
  }
}

/** The tokens that a text was made of, with their ids. */
function showTokens({ tokens: ids }: GeneratedText, by: WebModel): void {
  const items = ids.map((id) => {
    const [item, number] = [document.createElement('li'), document.createElement('small')];
    number.textContent = ` ${id}`;
    item.append(by.tokenText(id).replaceAll('\n', '⏎').replaceAll(' ', '·'), number);
    return item;
  });
  element('token-list', HTMLElement).replaceChildren(...items);
  tokens.hidden = items.length === 0;
}

function show({ busy }: { busy: boolean }): void {
  start.disabled = busy || model === undefined;
  stop.disabled = !busy;
  backendChoice.disabled = busy;
  document.body.setAttribute('aria-busy', String(busy));
}

function say(text: string): void {
  status.textContent = text;
}

function complain(error: unknown): void {
  trouble.textContent = error instanceof Error ? error.message : String(error);
  trouble.hidden = false;
  say('');
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  if (model !== undefined && writing === undefined) void write(model);
});
stop.addEventListener('click', () => writing?.abort());
backendChoice.addEventListener('change', () => void open());
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') writing?.abort();
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && event.target === prompt) form.requestSubmit();
});

const asked = new URLSearchParams(location.search).get('backend') ?? '';
if (isBackend(asked)) backendChoice.value = asked;
void open();
