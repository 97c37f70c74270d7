// What Node's own async_hooks and AsyncLocalStorage do, for tests/e2e/node_semantics.sh: the same
// scenarios as in tests/programs/node_semantics.c, which has the table of them and says what is compared.
//
//     node semantics.cjs SCENARIO     lines in a normal form, in no order; without a name, the names
'use strict';
const { AsyncLocalStorage, AsyncResource, createHook, executionAsyncId, triggerAsyncId } = require('async_hooks');
const crypto = require('crypto');
const fs = require('fs');
const net = require('net');
const dgram = require('dgram');

const names = new Map([[0, 'none'], [1, 'main']]);
const triggers = new Map();
const collected = new Set();
const expected = []; // [type, name]: the next resource of that type has that name
const events = [];
const gone = [];
const lines = [];
const storages = [0, 1, 2].map(() => new AsyncLocalStorage());
let used = 1; // storages that the scenario looks at

// What Node makes beside what it was asked for (TickObject, …) counts as what triggered it.
function nameOf(id) {
	while (!names.has(id) && triggers.has(id))
		id = triggers.get(id);
	return names.get(id) || 'unknown';
}

createHook({
	init(id, type, trigger) {
		triggers.set(id, trigger);
		const at = expected.findIndex(([wanted]) => wanted === type);
		if (at < 0)
			return;
		const [, name, how] = expected.splice(at, 1)[0];
		names.set(id, name);
		if (how === 'collected')
			collected.add(id);
		if (how === 'trigger')
			lines.push(`made ${name}: trigger ${nameOf(trigger)}`);
		else if (how !== 'silently')
			lines.push(`made ${name}: in ${nameOf(executionAsyncId())}, trigger ${nameOf(trigger)}`);
	},
	destroy(id) {
		// That of promises and bound functions comes when the garbage is collected.
		if (names.has(id) && !collected.has(id))
			gone.push(names.get(id));
	},
}).enable();

function expect(type, name, how) {
	expected.push([type, name, how]);
}

function values() {
	return storages.slice(0, used).map(storage => storage.getStore() ?? '-').join(' ');
}

// Where one is, and what is in force there.
function look(label) {
	lines.push(`${label}: in ${nameOf(executionAsyncId())}, trigger ${nameOf(triggerAsyncId())}, values ${values()}`);
}

function lookAtValues(label) {
	lines.push(`${label}: values ${values()}`);
}

function run(value, callback, which = 0) {
	storages[which].run(value, callback);
}

function after(name, callback, ms = 1) {
	expect('Timeout', name);
	return setTimeout(callback, ms);
}

// An enabled hook that notes what happens to resources with names.
function note(prefix = '') {
	const say = what => id => names.has(id) && events.push(`${prefix}${what} ${names.get(id)}`);
	return createHook({
		init: say('init'), before: say('before'), after: say('after'),
		promiseResolve: id => names.has(id) &&
			events.push(`${prefix}resolve ${names.get(id)} in ${nameOf(executionAsyncId())}`),
	});
}

function job(name, options) {
	expect(name, name);
	return new AsyncResource(name, { requireManualDestroy: true, ...options });
}

const scenarios = {
	timers() {
		run('a', () => after('A', () => {
			look('A');
			after('B', () => look('B'));
		}));
		after('C', () => look('C'));
		look('main');
	},

	interval() {
		let count = 0;
		run('a', () => {
			expect('Timeout', 'A');
			const interval = setInterval(() => {
				look(`A ${++count}`);
				if (count === 3)
					clearInterval(interval);
			}, 1);
		});
	},

	again() {
		let timer;
		run('a', () => { timer = after('A', () => look('A'), 20); });
		run('b', () => timer.refresh());
	},

	immediate() {
		run('a', () => {
			expect('Immediate', 'A');
			setImmediate(() => {
				look('A');
				after('B', () => look('B'));
			});
		});
	},

	nested() {
		look('before');
		run('a', () => {
			look('in a');
			after('A', () => look('A'));
			run('b', () => {
				look('in b');
				after('B', () => {
					look('B');
					run('c', () => after('C', () => look('C')));
					look('B after c');
				});
			});
			look('in a again');
			after('D', () => look('D'));
		});
		look('afterwards');
	},

	fs() {
		run('a', () => {
			expect('FSREQCALLBACK', 'A');
			fs.stat('/', () => {
				look('A');
				expect('FSREQCALLBACK', 'B');
				fs.stat('/no/such/file', () => look('B'));
				after('C', () => look('C'));
			});
		});
		expect('FSREQCALLBACK', 'D');
		fs.stat('/', () => look('D'));
	},

	pool() {
		run('a', () => {
			expect('RANDOMBYTESREQUEST', 'A');
			crypto.randomBytes(8, () => {
				look('A');
				run('b', () => {
					expect('RANDOMBYTESREQUEST', 'B');
					crypto.randomBytes(8, () => look('B'));
				});
			});
		});
		for (const name of ['C', 'D', 'E', 'F', 'G', 'H'])
			run(name, () => {
				expect('RANDOMBYTESREQUEST', name);
				crypto.randomBytes(8, () => look(name));
			});
	},

	sockets() {
		let server;
		run('server', () => {
			expect('TCPSERVERWRAP', 'server');
			server = net.createServer(socket => {
				lookAtValues('connection');
				run('answer', () => socket.end('x'));
				server.close();
			});
			server.listen(0, '127.0.0.1', () => run('client', () => {
				expect('TCPWRAP', 'client', 'silently');
				expect('TCPWRAP', 'accepted', 'trigger');
				const client = net.connect(server.address().port, '127.0.0.1', () => lookAtValues('connected'));
				client.on('data', () => lookAtValues('data'));
			}));
		});
	},

	close() {
		let server, socket;
		run('a', () => {
			server = net.createServer().listen(0, '127.0.0.1');
			socket = dgram.createSocket('udp4');
		});
		run('b', () => server.close(() => {
			lookAtValues('server');
			setTimeout(() => lookAtValues('A'), 1);
		}));
		run('c', () => socket.close(() => lookAtValues('socket')));
	},

	enter() {
		after('A', () => look('A'));
		storages[0].enterWith('main');
		after('B', () => {
			look('B');
			storages[0].enterWith('b');
			look('B entered');
			after('C', () => {
				look('C');
				storages[0].enterWith('c');
				look('C entered');
			});
			storages[0].enterWith('later');
			after('D', () => look('D'), 5);
		});
		after('E', () => look('E'), 5);
		run('a', () => {
			storages[0].enterWith('entered in a');
			look('entered in a');
		});
		look('after a');
	},

	exit() {
		run('a', () => {
			storages[0].exit(() => {
				look('out');
				after('A', () => look('A'));
				run('b', () => after('B', () => look('B')));
			});
			look('back');
			after('C', () => {
				storages[0].exit(() => look('C out'));
				look('C');
			});
		});
	},

	storages() {
		used = 3;
		run('a', () => {
			run('x', () => {
				look('both');
				after('A', () => {
					look('A');
					storages[0].exit(() => {
						look('A out of one');
						after('B', () => look('B'));
					});
					run('2', () => after('C', () => look('C')), 2);
				});
			}, 1);
			look('one');
		});
		run('y', () => after('D', () => look('D')), 1);
		storages[2].enterWith('last');
		after('E', () => look('E'));
	},

	disable() {
		used = 2;
		run('a', () => run('x', () => {
			after('A', () => look('A'));
			storages[0].disable();
			look('gone');
			after('B', () => look('B'));
		}, 1));
	},

	user() {
		let one, two;
		note().enable();
		run('a', () => { one = job('ONE'); });
		after('A', () => {
			run('b', () => { two = job('TWO', { triggerAsyncId: one.asyncId() }); });
			run('c', () => {
				one.runInAsyncScope(() => {
					look('ONE');
					two.runInAsyncScope(() => {
						look('TWO in ONE');
						after('B', () => look('B'));
					});
					look('ONE again');
				});
				look('A');
			});
			two.runInAsyncScope(() => {
				look('TWO');
				const three = job('THREE');
				three.runInAsyncScope(() => look('THREE'));
				three.emitDestroy();
			});
			one.emitDestroy();
			two.emitDestroy();
		});
	},

	promise() {
		let resolve, promise;
		note().enable();
		run('a', () => {
			expect('PROMISE', 'P', 'collected');
			promise = new Promise(done => { resolve = done; });
		});
		run('b', () => {
			expect('PROMISE', 'T', 'collected');
			promise.then(() => {
				look('T');
				after('B', () => look('B'));
			});
		});
		run('c', () => after('C', () => {
			look('C');
			resolve();
			look('C resolved');
		}));
	},

	bind() {
		let bound, other;
		run('a', () => {
			expect('BOUND', 'BOUND', 'collected');
			bound = AsyncResource.bind(() => {
				look('bound');
				after('A', () => look('A'));
			}, 'BOUND');
		});
		after('B', () => {
			expect('OTHER', 'OTHER', 'collected');
			other = AsyncResource.bind(() => look('other'), 'OTHER');
			run('c', () => after('C', other));
		});
		run('b', () => {
			bound();
			look('called');
			bound();
		});
	},

	snapshot() {
		used = 2;
		let state;
		run('a', () => run('x', () => { state = AsyncLocalStorage.snapshot(); }, 1));
		run('b', () => {
			state(() => {
				lookAtValues('in it');
				after('A', () => look('A'));
			});
			look('after it');
			after('B', () => {
				state(() => lookAtValues('in it once more'));
				look('B');
			});
		});
	},

	// A hook that is enabled within another's, and one that disables itself: from the next resource on.
	hooks() {
		let count = 0, other;
		const first = createHook({
			init: id => {
				if (!names.has(id))
					return;
				events.push(`first init ${names.get(id)}`);
				if (++count === 1)
					other.enable();
			},
		});
		other = createHook({
			init: id => {
				if (!names.has(id))
					return;
				events.push(`other init ${names.get(id)}`);
				if (names.get(id) === 'THREE')
					other.disable();
			},
		});
		first.enable();
		for (const name of ['ONE', 'TWO', 'THREE', 'FOUR'])
			job(name);
		other.enable();
		job('FIVE');
	},

	// Two hooks make resources each. Node goes round in a circle when a hook does not see to that itself.
	hook_makes() {
		let inside = false;
		note('other ').enable();
		createHook({
			init: id => {
				if (inside || !names.has(id))
					return;
				inside = true;
				events.push(`init ${names.get(id)}`);
				job(`${names.get(id)}-CHILD`);
				inside = false;
			},
		}).enable();
		run('a', () => after('A', () => job('ONE').runInAsyncScope(() => look('ONE'))));
	},
};

const name = process.argv[2];

if (!name) {
	console.log(Object.keys(scenarios).join('\n'));
} else {
	process.on('exit', () => {
		for (const line of lines)
			console.log(line);
		for (const one of gone)
			console.log(`gone ${one}`);
		if (events.length)
			console.log(`events: ${events.join(', ')}`);
	});
	scenarios[name]();
}
