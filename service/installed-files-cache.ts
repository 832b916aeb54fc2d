/** Lists of installed files, kept for a short time: they change rarely and are the longest answer a server gives. */
import type { ComfyUiPort } from '../lib/ports';

/** Servers kept at most; the oldest goes first. */
const MAX_SERVERS = 1000;

export class InstalledFilesCache {
	private readonly entries = new Map<string, { files: string[]; untilMs: number }>();

	/** @param ttlMs how long a list is believed, in milliseconds */
	constructor(private readonly ttlMs = 30_000) {}

	get(server: Pick<ComfyUiPort, 'url'>, nowMs: number): string[] | null {
		const entry = this.entries.get(server.url);
		return entry && entry.untilMs > nowMs ? entry.files : null;
	}

	set(server: Pick<ComfyUiPort, 'url'>, files: string[], nowMs: number): void {
		this.entries.delete(server.url);
		this.entries.set(server.url, { files, untilMs: nowMs + this.ttlMs });
		const [oldest] = this.entries.keys();
		if (this.entries.size > MAX_SERVERS && oldest !== undefined) this.entries.delete(oldest);
	}

	/** Forgets a server's list, for instance after a prompt was refused for a missing file. */
	forget(server: Pick<ComfyUiPort, 'url'>): void {
		this.entries.delete(server.url);
	}
}
