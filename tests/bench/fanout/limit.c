/* The limit: send() to one reader after the other, and nothing else.

   limit ACK SIZE

   Prints its port; then, for what it is told on stdin, "done":
     lockstep N      N events, each as soon as a byte on the file ACK says that all have the last
     pace N S        N events, one every S seconds */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 100000 };

static int readers[MOST], count, ack, size;
static long seq;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void sleep_until(double when) {
    double left = when - now();
    if (left <= 0) return;
    struct timespec t = {(time_t)left, (long)((left - (time_t)left) * 1e9)};
    nanosleep(&t, NULL);
}

static void publish(void) {
    char frame[4096];
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    seq++;
    int length = snprintf(frame + 4, sizeof frame - 4,
                          "{\"type\":\"caption\",\"seq\":%ld,\"id\":\"u%ld\",\"language\":\"en\","
                          "\"rev\":1,\"text\":\"@%ld ",
                          seq, seq, t.tv_sec * 1000000000L + t.tv_nsec);
    memset(frame + 4 + length, 'w', size - length - 2);
    memcpy(frame + 4 + size - 2, "\"}", 2);
    frame[0] = (char)0x81, frame[1] = 126, frame[2] = size >> 8, frame[3] = size & 0xff;
    for (int i = 0; i < count; i++)
        send(readers[i], frame, 4 + size, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void wait_for_all(void) {
    char byte;
    struct pollfd fd = {ack, POLLIN, 0};
    if (poll(&fd, 1, 30000) != 1 || read(ack, &byte, 1) < 0) exit(1);
}

static void command(void) {
    char line[128], drained[4096];
    if (!fgets(line, sizeof line, stdin)) exit(0);
    while (read(ack, drained, sizeof drained) > 0) {}
    long events;
    double interval;
    if (sscanf(line, "lockstep %ld", &events) == 1) {
        while (events--) publish(), wait_for_all();
    } else if (sscanf(line, "pace %ld %lf", &events, &interval) == 2) {
        double due = now();
        while (events--) publish(), sleep_until(due += interval);
    }
    puts("done");
}

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    ack = atoi(argv[1]), size = atoi(argv[2]);
    fcntl(ack, F_SETFL, O_NONBLOCK);
    setvbuf(stdout, NULL, _IOLBF, 0);
    setvbuf(stdin, NULL, _IONBF, 0);
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    bind(listener, (struct sockaddr *)&address, sizeof address);
    listen(listener, 2048);
    getsockname(listener, (struct sockaddr *)&address, &length);
    printf("%d\n", ntohs(address.sin_port));
    int poll_fd = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = 0}, events[64];
    epoll_ctl(poll_fd, EPOLL_CTL_ADD, 0, &event);
    event.data.fd = listener;
    epoll_ctl(poll_fd, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int ready = epoll_wait(poll_fd, events, 64, -1);
        for (int i = 0; i < ready; i++) {
            int fd = events[i].data.fd;
            char request[4096];
            if (fd == 0) {
                command();
            } else if (fd == listener) {
                int on = 1;
                event.data.fd = accept(listener, NULL, NULL);
                setsockopt(event.data.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
                epoll_ctl(poll_fd, EPOLL_CTL_ADD, event.data.fd, &event);
            } else if (read(fd, request, sizeof request) > 0) {
                dprintf(fd, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                            "Connection: Upgrade\r\n\r\n");
                epoll_ctl(poll_fd, EPOLL_CTL_DEL, fd, NULL);
                readers[count++] = fd;
            } else {
                close(fd);
            }
        }
    }
}
