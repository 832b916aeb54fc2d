/**
 * Follows all prompts of this process on one server: events over one socket, polling where they do not arrive. Owns
 * how the end of a prompt is known, and how long a silent server is believed; decides nothing about jobs.
 */
import { RouterError } from '../../lib/errors';
import type { Clock, EventStream, HistoryEntry, ServerEvent } from '../../lib/ports';
import type { GenerateServer, Patience } from './types';

export type PromptNews =
	| { type: 'queued' }
	| { type: 'running' }
	| { type: 'progress'; nodeId: string; value: number; max: number };

export type PromptEnd =
	| { kind: 'ended'; entry: HistoryEntry }
	/** In neither queue nor history. `removed`: the server was up all the time, so somebody took it out. */
	| { kind: 'lost'; removed: boolean }
	| { kind: 'silent'; error: RouterError };

export interface Following {
	readonly end: Promise<PromptEnd>;
	/**
	 * The server has the prompt: from now on its absence means something. `elsewhere`: it was submitted under another
	 * client id, so no events of it arrive here.
	 */
	submitted(options?: { elsewhere: boolean }): void;
	stop(): void;
}

interface Followed {
	promptId: string;
	isSubmitted: boolean;
	elsewhere: boolean;
	/** The server had it, and the socket has been open ever since. */
	unbroken: boolean;
	hear: (news: PromptNews) => void;
	finish: (end: PromptEnd) => void;
}

/** A server that is being restarted may be back at once. */
const GONE_AFTER_MS = 1_000;

export class ServerWatch {
	readonly clientId: string;
	private readonly followed = new Map<string, Followed>();
	private stream: EventStream | null = null;
	private connected = false;
	private polling = false;
	private pollMs: number;
	private silentSinceMs: number | null = null;
	private pause: AbortController | null = null;
	private lookAgain = false;

	constructor(
		private readonly server: GenerateServer,
		private readonly clock: Clock,
		clientId: string,
		private readonly patience: Patience,
		/** Told when the server's state may have changed: a prompt ended, the server is back. */
		private readonly changed: () => void,
	) {
		this.clientId = clientId;
		this.pollMs = patience.pollMs[0];
	}

	open(): void {
		this.stream ??= this.server.openEvents?.(this.clientId, (event) => this.hear(event)) ?? null;
	}

	close(): void {
		this.stream?.close();
		this.stream = null;
		this.connected = false;
		for (const one of [...this.followed.values()]) this.drop(one);
		this.pause?.abort(new Error('closed'));
	}

	/** Begin before submitting, so that no event is missed. */
	follow(promptId: string, hear: (news: PromptNews) => void): Following {
		let finish: (end: PromptEnd) => void = () => undefined;
		const end = new Promise<PromptEnd>((resolve) => {
			finish = resolve;
		});
		const one: Followed = {
			promptId,
			isSubmitted: false,
			elsewhere: false,
			unbroken: false,
			hear,
			finish,
		};
		this.followed.set(promptId, one);
		return {
			end,
			submitted: ({ elsewhere } = { elsewhere: false }) => {
				one.isSubmitted = true;
				one.elsewhere = elsewhere;
				one.unbroken = this.connected && !elsewhere;
				if (elsewhere) this.lookNow();
				else this.poll();
			},
			stop: () => this.drop(one),
		};
	}

	private drop(one: Followed): void {
		if (this.followed.get(one.promptId) === one) this.followed.delete(one.promptId);
		if (this.followed.size === 0) this.pause?.abort(new Error('nothing to follow'));
	}

	private end(one: Followed, end: PromptEnd): void {
		this.drop(one);
		one.finish(end);
		this.changed();
	}

	private hear(event: ServerEvent): void {
		if (event.type === 'connected' || event.type === 'disconnected') {
			this.connected = event.type === 'connected';
			if (!this.connected) for (const one of this.followed.values()) one.unbroken = false;
			this.pollMs = this.patience.pollMs[0];
			// what happened while nobody listened is asked for
			this.lookNow();
			return;
		}
		const one = this.followed.get(event.promptId);
		if (!one) return;
		if (event.type === 'ended') void this.settle(one);
		else if (event.type === 'progress') one.hear(event);
		else one.hear({ type: 'running' });
	}

	private lookNow(): void {
		if (!this.hasSubmitted()) return;
		this.lookAgain = true;
		this.pause?.abort(new Error('look now'));
		this.poll();
	}

	/** The history entry is readable when the last event arrives; where it is not, polling finds out why. */
	private async settle(one: Followed): Promise<void> {
		one.isSubmitted = true;
		try {
			const entry = await this.server.history(one.promptId);
			if (entry) this.end(one, { kind: 'ended', entry });
			else this.lookNow();
		} catch {
			this.lookNow();
		}
	}

	private poll(): void {
		if (this.polling) return;
		this.polling = true;
		void this.pollLoop().finally(() => {
			this.polling = false;
			// somebody came while the loop was ending
			if (this.hasSubmitted()) this.poll();
		});
	}

	private hasSubmitted(): boolean {
		return [...this.followed.values()].some((one) => one.isSubmitted);
	}

	private async pollLoop(): Promise<void> {
		while (this.hasSubmitted()) {
			if (!this.lookAgain) await this.rest();
			this.lookAgain = false;
			if (this.hasSubmitted()) await this.look();
		}
	}

	private async rest(): Promise<void> {
		const pause = new AbortController();
		this.pause = pause;
		const [, longest] = this.patience.pollMs;
		const eventful = this.connected && ![...this.followed.values()].some((one) => one.elsewhere);
		const ms = eventful ? this.patience.watchMs : this.pollMs;
		if (!eventful) this.pollMs = Math.min(longest, this.pollMs * 2);
		await this.clock.sleep(ms, pause.signal).catch(() => undefined);
		this.pause = null;
	}

	private async look(): Promise<void> {
		const asked = [...this.followed.values()].filter((one) => one.isSubmitted);
		try {
			const queue = await this.server.queue();
			if (this.silentSinceMs !== null) this.changed();
			this.silentSinceMs = null;
			const running = new Set(queue.running.map((item) => item.promptId));
			const pending = new Set(queue.pending.map((item) => item.promptId));
			for (const one of asked) {
				const isThere = running.has(one.promptId) || pending.has(one.promptId);
				// from here on a restart of the server would break the socket
				if (isThere) one.unbroken = this.connected && !one.elsewhere;
				if (running.has(one.promptId)) one.hear({ type: 'running' });
				else if (isThere) one.hear({ type: 'queued' });
				else await this.settleAbsent(one);
			}
		} catch (error) {
			this.silent(asked, error);
		}
	}

	/** Not in the queue: ended, or unknown to the server. */
	private async settleAbsent(one: Followed): Promise<void> {
		if (this.followed.get(one.promptId) !== one) return;
		const entry = await this.server.history(one.promptId);
		if (this.followed.get(one.promptId) !== one) return;
		this.end(one, entry ? { kind: 'ended', entry } : { kind: 'lost', removed: one.unbroken });
	}

	private silent(asked: Followed[], error: unknown): void {
		const now = this.clock.nowMs();
		this.silentSinceMs ??= now;
		const cause = error instanceof RouterError ? error : silentServer(this.server.name);
		const limit = isGone(cause)
			? Math.min(GONE_AFTER_MS, this.patience.silentServerMs)
			: this.patience.silentServerMs;
		if (now - this.silentSinceMs < limit) return;
		for (const one of asked) {
			if (this.followed.get(one.promptId) === one) this.end(one, { kind: 'silent', error: cause });
		}
	}
}

/** Nobody listens there: the process is gone, and with it its queue, which ComfyUI keeps in memory only. */
function isGone({ code, message }: RouterError): boolean {
	return code === 'COMFYUI_UNREACHABLE' && message.includes('connection refused');
}

function silentServer(name: string): RouterError {
	return new RouterError({
		code: 'COMFYUI_UNREACHABLE',
		message: `ComfyUI server "${name}" does not answer.`,
		hint: 'Check that it runs.',
	});
}
