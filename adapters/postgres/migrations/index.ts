/** The schema's history, oldest first. */
import { logs } from './0001-logs';
import { catalog } from './0002-catalog';
import { quotas } from './0003-quotas';
import { feedback } from './0004-feedback';
import { reservations } from './0005-reservations';
import { submittedPrompts } from './0008-submitted-prompts';
import { predictedBacklog } from './0009-predicted-backlog';
import { costUnit } from './0010-cost-unit';
import type { Migration } from './migration';

export const MIGRATIONS: readonly Migration[] = [
	logs,
	catalog,
	quotas,
	feedback,
	reservations,
	submittedPrompts,
	predictedBacklog,
	costUnit,
];
