/** What all jobs of one call share. */
import type { QuotaDesk } from '../quota-desk';
import type { UsageBuffer } from '../usage-buffer';
import type { PromptNotes } from './prompt-notes';
import type { ServerWatch } from './server-watch';
import type { SubmissionOrder } from './submission-order';
import type { GenerateOptions, GeneratorDeps } from './types';
import type { WaitingRoom } from './waiting-room';

export interface JobContext {
	deps: GeneratorDeps;
	room: WaitingRoom;
	options: GenerateOptions;
	signal?: AbortSignal;
	/** null: nothing is logged. */
	buffer: UsageBuffer | null;
	/** null: prompts under way are not noted. */
	notes: PromptNotes | null;
	/** null: nobody is limited. */
	quotas: QuotaDesk | null;
	/** Of jobs that were selected beforehand. */
	order: SubmissionOrder;
	watch(server: string): ServerWatch;
}
