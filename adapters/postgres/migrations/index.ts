/** The schema's history, oldest first. */
import { logs } from './0001-logs';
import { catalog } from './0002-catalog';
import { submittedPrompts } from './0003-submitted-prompts';
import type { Migration } from './migration';

export const MIGRATIONS: readonly Migration[] = [logs, catalog, submittedPrompts];
