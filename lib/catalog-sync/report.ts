/** A sync's plan as text for people. */
import { cleanText } from '../text';
import type { SyncChange, SyncPlan } from './types';

/** Notes quote paths and files' own words. */
const MAX_NOTE = 1000;

export function describeChange(change: SyncChange): string {
	switch (change.kind) {
		case 'add':
			return `+ ${change.model}: ${change.summary}`;
		case 'disable':
			return `- ${change.model}: disabled. ${change.reason}`;
		case 'enable':
			return `~ ${change.model}: enabled again, its files are back`;
		case 'update':
			return `~ ${change.model}: ${change.key} ${JSON.stringify(change.from)} -> ${JSON.stringify(change.to)}`;
	}
}

/** Changes first, then what is only worth knowing. Ends with a newline. */
export function describePlan(plan: SyncPlan): string {
	const lines = plan.changes.map(describeChange);
	const notes = plan.notes.map((note) => `  note: ${cleanText(note, MAX_NOTE)}`);
	return [...lines, ...notes].map((line) => `${line}\n`).join('');
}
