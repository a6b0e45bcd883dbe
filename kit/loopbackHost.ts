const NAME = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i;

/** Whether a host, as a URL or the Host header writes it, with or without its port, is this machine. */
export const isLoopbackHost = (host: string): boolean => NAME.test(host);
