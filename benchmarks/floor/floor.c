/*
 * floor - the least an HTTP/1.1 server on Linux can do: an epoll loop that looks for the empty line which ends a request
 * head and writes a canned answer. What remains is the kernel's bill, so every other server is measured as a multiple of
 * it. It is no server: it parses nothing, reads no clock, keeps nothing of a head that arrives in two pieces but how
 * much of the empty line it has seen, and gives up on a client that does not read.
 *
 * usage: floor PORT [THREADS [close]]
 *
 * Each thread has an epoll descriptor and, through SO_REUSEPORT, a listener of its own, which gives connections whose
 * first data has come. With "close" every answer says
 * "Connection: close" and the connection ends with it.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	EVENTS = 256,         /* events taken from the kernel at once */
	BACKLOG = 4096,       /* somaxconn's default: no SYN is lost when hundreds of clients start together */
	INPUT_BYTES = 65536,  /* one read; more is read when the next event comes, for the sockets are level-triggered */
	MAX_FDS = 1 << 20,    /* the kernel's default fs.nr_open */
	SHORTEST_HEAD = 18    /* "GET / HTTP/1.1" and the empty line: bounds the answers to one read */
};

#define HEAD \
	"HTTP/1.1 200 OK\r\nServer: floor\r\nContent-Type: text/plain\r\nDate: Mon, 02 Jan 2006 15:04:05 GMT\r\n"
static const char keep_answer[] = HEAD "Content-Length: 13\r\n\r\nHello, World!";
static const char close_answer[] = HEAD "Connection: close\r\nContent-Length: 13\r\n\r\nHello, World!";

static const char *answer = keep_answer;
static size_t answer_bytes = sizeof keep_answer - 1;
static bool close_after_answer;
static uint16_t port;

/* seen[fd] is how many bytes of "\r\n\r\n" the connection's input ended with; descriptors are unique among threads. */
static uint8_t seen[MAX_FDS];

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int listen_on(uint16_t on)
{
	int one = 1, seconds = 1;
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(on)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0)
		die("socket");
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one) < 0)
		die("SO_REUSEPORT");
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0)
		die("SO_REUSEADDR");
	if (setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds, sizeof seconds) < 0)
		die("TCP_DEFER_ACCEPT");
	if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0)
		die("bind");
	if (listen(fd, BACKLOG) < 0)
		die("listen");
	return fd;
}

static void watch(int epoll, int fd)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP, .data.fd = fd};

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		die("epoll_ctl");
}

static void accept_all(int epoll, int listener)
{
	int fd, one = 1;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		if (fd >= MAX_FDS) {
			close(fd);
			continue;
		}
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
		seen[fd] = 0;
		watch(epoll, fd);
	}
}

/* heads counts the empty lines which end in input, the first of which may have begun in an earlier read. */
static size_t heads(const char *input, size_t bytes, uint8_t *begun)
{
	static const char end[] = "\r\n\r\n";
	const char *at = input, *stop = input + bytes;
	size_t count = 0;

	while (*begun > 0 && at < stop) {
		if (*at != end[*begun]) {
			*begun = 0; /* at stays: "\r" there would begin anew, and the search below sees it */
			break;
		}
		at++;
		if (++*begun == 4) {
			count++;
			*begun = 0;
		}
	}
	if (at == stop)
		return count;
	for (const char *found; (found = memmem(at, (size_t)(stop - at), end, 4)) != NULL; count++)
		at = found + 4;
	for (uint8_t tail = 3; tail > 0; tail--) {
		if (stop - at >= tail && memcmp(stop - tail, end, tail) == 0) {
			*begun = tail;
			break;
		}
	}
	return count;
}

/* serve answers all heads of one read with one write. It returns false when the connection is over. */
static bool serve(int fd, char *input, char *output)
{
	ssize_t got = read(fd, input, INPUT_BYTES);
	size_t count;

	if (got < 0)
		return errno == EAGAIN || errno == EINTR;
	if (got == 0)
		return false;
	count = heads(input, (size_t)got, &seen[fd]);
	if (count == 0)
		return true;
	if (close_after_answer)
		count = 1;
	for (size_t i = 0; i < count; i++)
		memcpy(output + i * answer_bytes, answer, answer_bytes);
	if (write(fd, output, count * answer_bytes) != (ssize_t)(count * answer_bytes))
		return false;
	return !close_after_answer;
}

static void *loop(void *unused)
{
	/* Even a read full of the shortest heads has its answers fit. */
	char *input = malloc(INPUT_BYTES), *output = malloc((INPUT_BYTES / SHORTEST_HEAD + 1) * answer_bytes);
	int listener = listen_on(port), epoll = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event events[EVENTS];

	if (input == NULL || output == NULL || epoll < 0)
		die("start");
	watch(epoll, listener);
	for (;;) {
		int ready = epoll_wait(epoll, events, EVENTS, -1);

		for (int i = 0; i < ready; i++) {
			int fd = events[i].data.fd;

			if (fd == listener)
				accept_all(epoll, listener);
			else if (!serve(fd, input, output))
				close(fd);
		}
	}
	return unused;
}

int main(int argc, char **argv)
{
	int threads = argc > 2 ? atoi(argv[2]) : 1;
	pthread_t thread;

	if (argc < 2 || (port = (uint16_t)atoi(argv[1])) == 0) {
		fputs("usage: floor PORT [THREADS [close]]\n", stderr);
		return 2;
	}
	if (argc > 3 && strcmp(argv[3], "close") == 0) {
		close_after_answer = true;
		answer = close_answer;
		answer_bytes = sizeof close_answer - 1;
	}
	signal(SIGPIPE, SIG_IGN); /* a client that left is an error of its write, not of the process */
	for (int i = 1; i < threads; i++)
		if (pthread_create(&thread, NULL, loop, NULL) != 0)
			die("pthread_create");
	loop(NULL);
}
