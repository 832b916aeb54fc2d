/**
 * Notes prompts as soon as a server has them, so that a run can be picked up after its process is gone. Owns that this
 * delays no job and fails none: at their end the usage row says the same and more.
 */
import type { SubmittedPromptRow, SubmittedPromptStore } from '../../lib/ports';
import type { SelectedDecision } from '../../lib/selection/types';

export class PromptNotes {
	private readonly waiting = new Map<string, SubmittedPromptRow>();
	/** Not ended yet. */
	private readonly open = new Set<string>();
	private writing: Promise<void> | null = null;

	constructor(private readonly store: Pick<SubmittedPromptStore, 'recordSubmitted'>) {}

	add(row: SubmittedPromptRow): void {
		const selection = withoutTexts(row.selection as SelectedDecision);
		this.open.add(row.prompt_id);
		this.waiting.set(row.prompt_id, { ...row, selection });
		this.writing ??= this.write().finally(() => {
			this.writing = null;
		});
	}

	/** Its end is about to be logged: it need not be noted any more. */
	ended(promptId: string): void {
		this.open.delete(promptId);
		this.waiting.delete(promptId);
	}

	/** @returns when all that is under way is written or given up; never rejects */
	async settled(): Promise<void> {
		if (this.open.size > 0) await this.writing;
	}

	private async write(): Promise<void> {
		while (this.waiting.size > 0) {
			const rows = [...this.waiting.values()];
			this.waiting.clear();
			// the store has its own patience with a database that is away
			await this.store.recordSubmitted(rows).catch(() => undefined);
		}
	}
}

/** Prompts are nobody's business who may read the table, and picking up needs no alternatives. */
function withoutTexts(selection: SelectedDecision): SelectedDecision {
	const nothing = { prompt: '', negative_prompt: '' };
	return {
		...selection,
		request: { ...selection.request, ...nothing },
		parameters: { ...selection.parameters, ...nothing },
		alternatives: [],
	};
}
