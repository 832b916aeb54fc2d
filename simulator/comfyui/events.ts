/** What happened, in order, for tests: nothing here is part of ComfyUI's API. Append-only. */

type PromptEventType = 'started' | 'finished' | 'interrupted' | 'failed' | 'deleted' | 'cached';

/** One member per type, so that a log can be narrowed by it. */
type PromptEvent<T = PromptEventType> = T extends unknown ? { type: T; promptId: string } : never;

export type StandInEvent = { atMs: number } & (
	| { type: 'submitted'; promptId: string; extraData: Record<string, unknown> }
	| PromptEvent
	| { type: 'oom'; promptId: string; phase: 'load' | 'sampling' | 'decode'; neededBytes: number }
	/** `cold`: read from disk; otherwise only copied to the GPU again. */
	| { type: 'model_loaded'; promptId: string; modelName: string; cold: boolean }
	/** `coTenantBytes`: everything on the device that is not this process's (contexts apart). */
	| { type: 'vram'; usedBytes: number; coTenantBytes: number; totalBytes: number }
	| { type: 'free'; unloadModels: boolean; freeMemory: boolean }
	| { type: 'killed' }
	| { type: 'listening' }
	| { type: 'request'; method: string; path: string; status: number }
);

type WithoutStamp<T> = T extends unknown ? Omit<T, 'atMs'> : never;

export class EventLog {
	private readonly entries: StandInEvent[] = [];

	append(event: WithoutStamp<StandInEvent>): void {
		this.entries.push({ atMs: Date.now(), ...event } as StandInEvent);
	}

	/** A copy of everything so far. */
	all(): StandInEvent[] {
		return [...this.entries];
	}

	of<T extends StandInEvent['type']>(type: T): Extract<StandInEvent, { type: T }>[] {
		return this.entries.filter(
			(event): event is Extract<StandInEvent, { type: T }> => event.type === type,
		);
	}
}
