/* Echo with epoll, one thread, edge-triggered: the practical limit on Linux.
 *
 * What a careful C server does: one receive buffer for the loop, a read that falls short ends readiness without a
 * second call, a write is tried at once, and only what the kernel does not take is kept. While bytes are kept nothing
 * is read (back-pressure).
 *
 *   cc -O2 -o c-epoll c-epoll.c && ./c-epoll 7000        one process
 *                                  ./c-epoll 7000 2      two, that share the port with SO_REUSEPORT
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BUFFER = 64 * 1024, EVENTS = 1024 };

struct connection {
    int fd;
    int readable;  /* the socket may hold bytes, or its end */
    char *kept;    /* what the kernel did not take, or NULL */
    size_t length, offset;
};

static char buffer[BUFFER];

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static void end(struct connection *c) {
    close(c->fd);
    free(c->kept);
    free(c);
}

/* Sends what was kept. 1: all of it; 0: the kernel takes no more now; -1: the peer has gone. */
static int flush(struct connection *c) {
    while (c->offset < c->length) {
        ssize_t n = write(c->fd, c->kept + c->offset, c->length - c->offset);
        if (n < 0) return errno == EAGAIN ? 0 : -1;
        c->offset += (size_t)n;
    }
    free(c->kept);
    c->kept = NULL;
    return 1;
}

static int keep(struct connection *c, const char *bytes, size_t length) {
    c->kept = malloc(length);
    if (!c->kept) return -1;
    memcpy(c->kept, bytes, length);
    c->length = length;
    c->offset = 0;
    return 0;
}

/* Reads and writes until the socket is empty or full. -1: the connection is over. */
static int echo(struct connection *c, int closing) {
    while (c->readable && !c->kept) {
        ssize_t n = read(c->fd, buffer, BUFFER);
        if (n == 0) return -1;
        if (n < 0) {
            if (errno != EAGAIN) return -1;
            c->readable = 0;
            return 0;
        }
        /* A short read has emptied the socket, unless its end waits behind the bytes. */
        if (n < BUFFER && !closing) c->readable = 0;
        ssize_t sent = write(c->fd, buffer, (size_t)n);
        if (sent < 0) {
            if (errno != EAGAIN) return -1;
            sent = 0;
        }
        if (sent < n && keep(c, buffer + sent, (size_t)(n - sent)) < 0) return -1;
    }
    return 0;
}

static void take(int epoll, int listener) {
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            if (errno == EINTR || errno == ECONNABORTED) continue;
            return;
        }
        int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        struct connection *c = calloc(1, sizeof *c);
        if (!c) fail("calloc");
        c->fd = fd;
        struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = c};
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0) end(c);
    }
}

/* Listens on a port of the loopback address; 0 becomes the one that was chosen. */
static int listen_on(uint16_t *port) {
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(listener, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(*port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0) fail("bind");
    if (listen(listener, SOMAXCONN) < 0) fail("listen");
    socklen_t length = sizeof address;
    getsockname(listener, (struct sockaddr *)&address, &length);
    *port = ntohs(address.sin_port);
    return listener;
}

static void serve(int listener) {
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event) < 0) fail("epoll_ctl");
    static struct epoll_event events[EVENTS];
    for (;;) {
        int count = epoll_wait(epoll, events, EVENTS, -1);
        if (count < 0 && errno != EINTR) fail("epoll_wait");
        for (int i = 0; i < count; i++) {
            struct connection *c = events[i].data.ptr;
            if (!c) {
                take(epoll, listener);
                continue;
            }
            int closing = (events[i].events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
            if (closing || (events[i].events & EPOLLIN)) c->readable = 1;
            int over = c->kept && flush(c) < 0;
            if (over || echo(c, closing) < 0) end(c);
        }
    }
}

int main(int argc, char **argv) {
    uint16_t port = (uint16_t)(argc > 1 ? atoi(argv[1]) : 0);
    int processes = argc > 2 ? atoi(argv[2]) : 1;
    signal(SIGPIPE, SIG_IGN);
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    int listener = listen_on(&port);
    for (int i = 1; i < processes; i++) {
        int mine = listen_on(&port);
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGTERM);
            close(listener);
            serve(mine);
        }
        close(mine);
    }
    printf("listening %d\n", port);
    fflush(stdout);
    serve(listener);
}
