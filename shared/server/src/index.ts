/** @file An OpenAI-compatible server over the engine that continues texts. */
export { type AppOptions, createApp } from './app.ts';
export {
  type ChatMessage,
  type ChatTemplate,
  jinjaTemplate,
  plainTemplate,
  loadChatTemplate,
} from './chat-template.ts';
export { type ModelEntry, Models } from './models.ts';
export { type ServedModel, servedModel, type ServedModelParts } from './served-model.ts';
export { type RunningServer, type ServerOptions, startServer } from './server.ts';
