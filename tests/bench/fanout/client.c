/* Thousands of readers of one room, in one thread.

   client PORT PATH READERS STALLED ACK

   STALLED of the readers never read what they are sent. What it is told on stdin, and answers:
     open            all connect and are greeted        {"open": seconds}
     report          since the last report              {"deliveries": ..., "lost": ..., ...}
     reconnect S     all leave, and come back within S seconds, where they were
                                                        {"open": seconds}
   Events carry the time of their making, CLOCK_MONOTONIC in ns, as "@TIME " at the beginning of
   their text. Whenever all readers have had one more event, a byte is written to the file ACK. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { OPENING_AT_ONCE = 100, PORTS = 20000, BUFFER = 1 << 20 };
enum state { IDLE, CONNECTING, UPGRADING, OPEN };

struct reader {
    int fd;
    enum state state;
    int stalled;
    int returns; /* it says where it was, and is there again once it is greeted */
    long old; /* events up to here were said before it came */
    long seq; /* its last event, -1 before the first */
    char *rest;
    size_t left;
};

static struct reader *readers;
static int count, stalled, port, ack, poll_fd;
static const char *path;
static char epoch[64] = "";
static char *buffer;
static double *delays;
static size_t deliveries, room_for;
static long lost, doubled, dropped, closed, unrecovered;
static int in_flight, opened, next_to_open;
static double begun, spread;
static int opening;
static size_t since_ack;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static void watch(struct reader *r, uint32_t events, int operation) {
    struct epoll_event event = {.events = events, .data.ptr = r};
    if (epoll_ctl(poll_fd, operation, r->fd, &event) < 0) fail("epoll_ctl");
}

static void start(struct reader *r) {
    int on = 1, index = r - readers;
    struct linger at_once = {1, 0};
    struct sockaddr_in from = {.sin_family = AF_INET};
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + index / PORTS);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    r->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (r->fd < 0) fail("socket");
    setsockopt(r->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    setsockopt(r->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    if (r->stalled) {
        int small = 4096;
        setsockopt(r->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    }
    if (bind(r->fd, (struct sockaddr *)&from, sizeof from) < 0) fail("bind");
    if (connect(r->fd, (struct sockaddr *)&to, sizeof to) < 0 && errno != EINPROGRESS)
        fail("connect");
    r->state = CONNECTING;
    r->left = 0;
    in_flight++;
    watch(r, EPOLLOUT, EPOLL_CTL_ADD);
}

static void ask(struct reader *r) {
    char request[512], query[128] = "";
    r->returns = r->seq >= 0 && *epoch;
    if (r->returns)
        snprintf(query, sizeof query, "?after=%ld&epoch=%s", r->seq, epoch);
    int size = snprintf(request, sizeof request,
                        "GET %s%s HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
                        path, query);
    if (send(r->fd, request, size, MSG_NOSIGNAL) != size) fail("send");
    r->state = UPGRADING;
    watch(r, EPOLLIN, EPOLL_CTL_MOD);
}

static void gone(struct reader *r) {
    if (r->state == CONNECTING || r->state == UPGRADING) in_flight--;
    close(r->fd);
    r->state = IDLE;
    dropped++;
}

static void upgraded(struct reader *r) {
    r->state = OPEN;
    in_flight--;
    opened += !r->returns;
    if (r->stalled) watch(r, 0, EPOLL_CTL_MOD);
}

static long number_after(const char *data, size_t size, const char *name) {
    const char *found = memmem(data, size, name, strlen(name));
    return found ? atol(found + strlen(name)) : -1;
}

static void hello(struct reader *r, const char *data, size_t size) {
    const char *name = "\"epoch\":\"";
    const char *found = memmem(data, size, name, strlen(name));
    if (found && !*epoch) {
        size_t length = strcspn(found + strlen(name), "\"");
        snprintf(epoch, sizeof epoch, "%.*s", (int)length, found + strlen(name));
    }
    opened += r->returns;
    if (r->seq < 0)
        r->seq = r->old = number_after(data, size, "\"seq\":");
    else if (!memmem(data, size, "\"recovered\":true", 16))
        unrecovered++;
}

static void event(struct reader *r, const char *data, size_t size, double at) {
    if (memmem(data, size < 20 ? size : 20, "\"hello\"", 7)) {
        hello(r, data, size);
        return;
    }
    long seq = number_after(data, size, "\"seq\":");
    if (seq <= r->old) return;
    if (r->seq >= 0 && seq > r->seq + 1) lost += seq - r->seq - 1;
    if (seq <= r->seq) {
        doubled++;
        return;
    }
    r->seq = seq;
    double made = number_after(data, size, "\"@") / 1e9;
    if (deliveries == room_for) {
        room_for = room_for ? 2 * room_for : 1 << 20;
        delays = realloc(delays, room_for * sizeof *delays);
    }
    delays[deliveries++] = at - made;
    if (++since_ack == (size_t)(count - stalled)) {
        since_ack = 0;
        if (write(ack, "", 1) < 0 && errno != EAGAIN) fail("ack");
    }
}

/* Answers a ping with what it said, under a mask of zeros. */
static void pong(struct reader *r, const char *said, size_t size) {
    char frame[6 + 125] = {(char)0x8a, (char)(0x80 | size)};
    memcpy(frame + 6, said, size);
    if (send(r->fd, frame, 6 + size, MSG_NOSIGNAL) < 0) fail("pong");
}

/* Takes whole frames from the data; returns how many bytes they had. */
static size_t frames(struct reader *r, char *data, size_t size, double at) {
    size_t used = 0;
    while (size - used >= 2) {
        unsigned char *head = (unsigned char *)data + used;
        size_t length = head[1] & 0x7f, begin = 2;
        if (length == 126) {
            if (size - used < 4) break;
            length = head[2] << 8 | head[3], begin = 4;
        } else if (length == 127) {
            if (size - used < 10) break;
            length = 0, begin = 10;
            for (int i = 2; i < 10; i++) length = length << 8 | head[i];
        }
        if (size - used < begin + length) break;
        int opcode = head[0] & 0xf;
        if (opcode == 1) event(r, data + used + begin, length, at);
        if (opcode == 9) pong(r, data + used + begin, length);
        if (opcode == 8) closed++;
        used += begin + length;
    }
    return used;
}

static void readable(struct reader *r) {
    memcpy(buffer, r->rest, r->left);
    ssize_t got = recv(r->fd, buffer + r->left, BUFFER - r->left, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
        gone(r);
        return;
    }
    size_t size = r->left + got, used = 0;
    if (r->state == UPGRADING) {
        char *end = memmem(buffer, size, "\r\n\r\n", 4);
        if (end) {
            if (memcmp(buffer, "HTTP/1.1 101", 12)) {
                fprintf(stderr, "%.*s\n", (int)size, buffer);
                exit(1);
            }
            used = end + 4 - buffer;
            upgraded(r);
        }
    }
    if (r->state == OPEN) used += frames(r, buffer + used, size - used, now());
    r->left = size - used;
    if (r->left) {
        r->rest = realloc(r->rest, r->left);
        memcpy(r->rest, buffer + used, r->left);
    }
}

static void go_on_opening(void) {
    int due = spread > 0 ? (now() - begun) / spread * count : count;
    while (next_to_open < count && next_to_open < due && in_flight < OPENING_AT_ONCE) {
        struct reader *r = readers + next_to_open++;
        if (r->state == OPEN) {
            close(r->fd);
            opened--;
        }
        start(r);
    }
    if (next_to_open == count && opened == count) {
        printf("{\"open\": %.3f}\n", now() - begun);
        opening = 0;
    }
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double at(double share) {
    return deliveries ? 1000 * delays[(size_t)(share * (deliveries - 1))] : 0;
}

static void report(void) {
    long first = -1, last = -1;
    for (int i = 0; i < count; i++) {
        if (readers[i].stalled) continue;
        if (first < 0 || readers[i].seq < first) first = readers[i].seq;
        if (readers[i].seq > last) last = readers[i].seq;
    }
    qsort(delays, deliveries, sizeof *delays, by_size);
    printf("{\"deliveries\": %zu, \"p50\": %.3f, \"p99\": %.3f, \"most\": %.3f, \"lost\": %ld, "
           "\"doubled\": %ld, \"dropped\": %ld, \"closed\": %ld, \"unrecovered\": %ld, "
           "\"slowest\": %ld, \"newest\": %ld}\n",
           deliveries, at(.5), at(.99), at(1), lost, doubled, dropped, closed, unrecovered, first,
           last);
    deliveries = lost = doubled = dropped = closed = unrecovered = 0;
}

static void command(void) {
    char line[128];
    if (!fgets(line, sizeof line, stdin)) exit(0);
    if (!strncmp(line, "report", 6)) {
        report();
        return;
    }
    spread = strncmp(line, "reconnect", 9) ? 0 : atof(line + 9);
    begun = now();
    next_to_open = 0;
    opening = 1;
}

int main(int argc, char **argv) {
    if (argc != 6) return 2;
    port = atoi(argv[1]), path = argv[2], count = atoi(argv[3]), stalled = atoi(argv[4]);
    ack = atoi(argv[5]);
    fcntl(ack, F_SETFL, O_NONBLOCK);
    setvbuf(stdout, NULL, _IOLBF, 0);
    setvbuf(stdin, NULL, _IONBF, 0);
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    readers = calloc(count, sizeof *readers);
    buffer = malloc(BUFFER);
    poll_fd = epoll_create1(0);
    for (int i = 0; i < count; i++) {
        readers[i].seq = readers[i].old = -1;
        /* The stalled ones are spread over all. */
        readers[i].stalled = (long)(i + 1) * stalled / count != (long)i * stalled / count;
    }
    struct epoll_event events[512], input = {.events = EPOLLIN, .data.ptr = NULL};
    epoll_ctl(poll_fd, EPOLL_CTL_ADD, 0, &input);
    for (;;) {
        int ready = epoll_wait(poll_fd, events, 512, opening && spread > 0 ? 1 : -1);
        for (int i = 0; i < ready; i++) {
            struct reader *r = events[i].data.ptr;
            if (!r)
                command();
            else if (r->state == CONNECTING)
                ask(r);
            else if (r->state != IDLE)
                readable(r);
        }
        if (opening) go_on_opening();
    }
}
