/** Which files are generated, and their text. Writes nothing. */
import { alertFile } from './alert-rules';
import { type DashboardOptions, routerDashboard } from './router-dashboard';

export const DEFAULTS: DashboardOptions = { schema: 'public', currency: 'USD' };

export interface GeneratedFile {
	/** From the root of the repository. */
	path: string;
	text: string;
}

export function generatedFiles(options: DashboardOptions = DEFAULTS): GeneratedFile[] {
	return [
		{ path: 'dashboards/grafana/comfyui-router.json', text: json(routerDashboard(options)) },
		{
			path: 'deploy/compose/grafana/provisioning/alerting/comfyui-router.json',
			text: json(alertFile(options)),
		},
	];
}

function json(value: unknown): string {
	return `${JSON.stringify(value, null, '\t')}\n`;
}
