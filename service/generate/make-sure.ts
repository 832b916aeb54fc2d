/** After a cancel: looks whether the prompt is really gone, and asks again where it is not. Touches nothing else. */
import type { Clock, ComfyUiPort } from '../../lib/ports';
import { takeBack } from './submit-safely';

/** A POST that was on its way when the job was cancelled may arrive late; an interrupt acts at the next step only. */
const LOOKS = 6;
const BETWEEN_LOOKS_MS = 250;

/** Never rejects. */
export async function makeSureItIsGone(
	server: ComfyUiPort,
	promptId: string,
	clock: Clock,
): Promise<void> {
	let absent = 0;
	for (let look = 0; look < LOOKS && absent < 2; look++) {
		await takeBack(server, [promptId]);
		if (look > 0) await clock.sleep(BETWEEN_LOOKS_MS);
		const there = await isThere(server, promptId);
		absent = there ? 0 : absent + 1;
	}
}

async function isThere(server: ComfyUiPort, promptId: string): Promise<boolean> {
	try {
		const queue = await server.queue();
		return [...queue.running, ...queue.pending].some((item) => item.promptId === promptId);
	} catch {
		return false;
	}
}
