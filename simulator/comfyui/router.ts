/** Which function answers which path. Every route also answers under `/api`. */
import { type Reply, type RequestContext, text, unknownRoute } from './http';
import type { ComfyProcess } from './process';
import { historyRoutes } from './routes/history';
import { jobRoutes } from './routes/jobs';
import { modelRoutes } from './routes/models';
import { objectInfoRoutes } from './routes/object-info';
import { promptRoutes } from './routes/prompt';
import { queueRoutes } from './routes/queue';
import { systemRoutes } from './routes/system';
import { uploadRoutes } from './routes/upload';
import { viewRoutes } from './routes/view';

export interface Route {
	method: string;
	pattern: RegExp;
	/** `required`: only under `/api`; `forbidden`: only without. Default both. */
	api?: 'required' | 'forbidden';
	/** Versions before 0.8 do not have it. */
	since08?: boolean;
	handle(context: RequestContext, process: ComfyProcess): Reply | Promise<Reply>;
}

const ROUTES: readonly Route[] = [
	...systemRoutes,
	...promptRoutes,
	...queueRoutes,
	...historyRoutes,
	...jobRoutes,
	...viewRoutes,
	...uploadRoutes,
	...modelRoutes,
	...objectInfoRoutes,
];

export async function answer(context: RequestContext, process: ComfyProcess): Promise<Reply> {
	let pathKnown = false;
	for (const route of ROUTES) {
		if (route.since08 && process.version === '0.3.64') continue;
		if (route.api && (route.api === 'required') !== context.underApi) continue;
		const match = route.pattern.exec(context.path);
		if (!match) continue;
		pathKnown = true;
		if (route.method !== context.method) continue;
		const params = match.slice(1).map((group) => decodeURIComponent(group ?? ''));
		return route.handle({ ...context, params }, process);
	}
	if (context.method === 'GET' || context.method === 'HEAD') return unknownRoute();
	return pathKnown ? text('405: Method Not Allowed', 405) : text('404: Not Found', 404);
}
