/* The limit in C: a server that writes one prebuilt buffer to every viewer.
 *
 *     prebuilt_writer FRAME_FILE
 *
 * Speaks to the benchmark as stream_peers.py says. Sockets block: a viewer that does not read holds up the
 * others, as nothing here is meant to be served. Every client sends the same key, so the handshake's answer
 * is a constant.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define VIEWERS_MAX 65536
#define FRAME_MAX 65536

static const char ACCEPTED[] =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

static int viewers[VIEWERS_MAX], viewer_count;

static long long now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void sleep_until(long long at_ns) {
    struct timespec at = {at_ns / 1000000000LL, at_ns % 1000000000LL};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

static void write_all(int viewer, const char *bytes, size_t size) {
    while (size) {
        ssize_t written = write(viewer, bytes, size);
        if (written <= 0) return;
        bytes += written;
        size -= (size_t)written;
    }
}

static void let_in(int listener) {
    char request[4096];
    size_t size = 0;
    int viewer = accept(listener, NULL, NULL), one = 1;
    if (viewer < 0) return;
    setsockopt(viewer, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    while (size < sizeof request && !memmem(request, size, "\r\n\r\n", 4)) {
        ssize_t got = read(viewer, request + size, sizeof request - size);
        if (got <= 0) return;
        size += (size_t)got;
    }
    viewers[viewer_count++] = viewer;
    write_all(viewer, ACCEPTED, sizeof ACCEPTED - 1);
}

static void publish(const char *frame, size_t size, int events, int burst, double every_s) {
    char *frames = malloc(size * (size_t)burst);
    long long next = now_ns();
    for (int copy = 0; copy < burst; copy++) memcpy(frames + size * (size_t)copy, frame, size);
    printf("{\"published\": [");
    for (int sent = 0; sent < events; sent += burst) {
        sleep_until(next);
        next += (long long)(every_s * 1e9);
        printf(sent ? ", %lld" : "%lld", now_ns());
        for (int viewer = 0; viewer < viewer_count; viewer++)
            write_all(viewers[viewer], frames, size * (size_t)burst);
    }
    printf("]}\n");
    fflush(stdout);
    free(frames);
}

static int obey(const char *frame, size_t size, int listener) {
    char line[512];
    int wanted, events, burst;
    double every_s;
    if (!fgets(line, sizeof line, stdin)) return 0;
    if (sscanf(line, "{\"viewers\": %d, \"events\": %d, \"burst\": %d, \"every_s\": %lf}", &wanted,
               &events, &burst, &every_s) != 4)
        return 0;
    while (viewer_count < wanted) let_in(listener);
    publish(frame, size, events, burst, every_s);
    return 1;
}

int main(int count, char **arguments) {
    static char frame[FRAME_MAX];
    struct rlimit files;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    FILE *file = count == 2 ? fopen(arguments[1], "rb") : NULL;
    if (!file) return 2;
    size_t size = fread(frame, 1, sizeof frame, file);
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&address, length) || listen(listener, 4096)) return 1;
    getsockname(listener, (struct sockaddr *)&address, &length);
    printf("{\"port\": %d, \"pid\": %d}\n", ntohs(address.sin_port), getpid());
    fflush(stdout);
    setvbuf(stdin, NULL, _IONBF, 0);
    for (;;) {
        struct pollfd ready[2] = {{.fd = listener, .events = POLLIN}, {.fd = 0, .events = POLLIN}};
        poll(ready, 2, -1);
        if (ready[0].revents) let_in(listener);
        if (ready[1].revents && !obey(frame, size, listener)) return 0;
    }
}
