/** The ComfyUI servers of a fleet and how to log in to them. Fields only; the Test button is a method of the nodes. */
import type { Icon, ICredentialType, INodeProperties } from 'n8n-workflow';

export class ComfyUiApi implements ICredentialType {
	name = 'comfyUiApi';

	displayName = 'ComfyUI API';

	icon: Icon = { light: 'file:comfyUi.svg', dark: 'file:comfyUi.dark.svg' };

	documentationUrl =
		'https://github.com/n8n-nodes-comfyui-router/n8n-nodes-comfyui-router#comfyui-credential';

	properties: INodeProperties[] = [
		{
			displayName: 'Servers',
			name: 'servers',
			type: 'string',
			typeOptions: { rows: 4 },
			default: 'http://127.0.0.1:8188',
			required: true,
			placeholder: 'e.g. gpu1=http://192.168.1.20:8188',
			hint: 'One a line, as name=address. If n8n runs in Docker, 127.0.0.1 is its own container: use host.docker.internal or the address of the machine.',
			description:
				'One ComfyUI server a line, as name=address or just its address. The name is what selections, logs and the catalog call the server.',
		},
		{
			displayName: 'Authentication',
			name: 'authentication',
			type: 'options',
			default: 'none',
			description:
				'ComfyUI itself has no login. Choose what the proxy in front of it asks for; it is sent to every server above.',
			options: [
				{ name: 'Basic Auth', value: 'basic', description: 'User name and password' },
				{ name: 'Bearer Token', value: 'bearer', description: 'Authorization: Bearer <token>' },
				{ name: 'Custom Header', value: 'header', description: 'Any one header' },
				{ name: 'None', value: 'none' },
			],
		},
		{
			displayName: 'User',
			name: 'user',
			type: 'string',
			default: '',
			displayOptions: { show: { authentication: ['basic'] } },
		},
		{
			displayName: 'Password',
			name: 'password',
			type: 'string',
			typeOptions: { password: true },
			default: '',
			displayOptions: { show: { authentication: ['basic'] } },
		},
		{
			displayName: 'Token',
			name: 'token',
			type: 'string',
			typeOptions: { password: true },
			default: '',
			displayOptions: { show: { authentication: ['bearer'] } },
		},
		{
			displayName: 'Header Name',
			name: 'headerName',
			type: 'string',
			default: 'X-API-Key',
			displayOptions: { show: { authentication: ['header'] } },
		},
		// eslint-disable-next-line @n8n/community-nodes/credential-unnecessary-password -- it holds an API key
		{
			displayName: 'Header Value',
			name: 'headerValue',
			type: 'string',
			typeOptions: { password: true },
			default: '',
			displayOptions: { show: { authentication: ['header'] } },
		},
		{
			displayName: 'Ignore SSL Issues (Insecure)',
			name: 'ignoreSslIssues',
			type: 'boolean',
			default: false,
			description: 'Whether to connect even if the certificate of a server cannot be checked',
		},
		{
			displayName: 'CA Certificate',
			name: 'ca',
			type: 'string',
			typeOptions: { rows: 4 },
			default: '',
			placeholder: '-----BEGIN CERTIFICATE-----',
			description:
				'PEM text of the authority that signed the certificates of your servers, if it is your own',
			displayOptions: { show: { ignoreSslIssues: [false] } },
		},
	];
}
