/* The server of the benchmarks: replays canned octets, for as little CPU time as it can.
 *
 * It knows the paths /small, /fields30, /fields/N, /bytes/N, /chunks/SIZE/COUNT, /held/N and
 * /upload, takes pipelined requests, and understands of a request its target, Content-Length and
 * `Connection: close`. Requests for /held/N are answered when N of them have come. It is no example
 * of an HTTP server: what it is sent is believed. One process, one thread, epoll.
 *
 *     server [CERTIFICATE-CHAIN KEY]
 *
 * writes the numbers of its plain and its TLS port (0: none) to standard output, and ends when
 * standard input does. `bench/server.py` compiles and starts it.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#ifdef WITH_TLS
#include <openssl/err.h>
#include <openssl/ssl.h>
#else
typedef void SSL;
#endif

#define PATTERN_SIZE (256 * 1024) /* octets handed to one send, about */
#define INPUT_SIZE (64 * 1024)
#define OUTPUT_SIZE (64 * 1024)

struct pattern { /* what the body of a response repeats */
    size_t chunk;  /* octets of payload in a chunk, 0: not chunked */
    size_t length;
    bool framed;   /* whether it has to end where the body does */
    char *octets;
    struct pattern *next;
};

struct connection {
    int fd;
    SSL *tls;
    bool handshaken;
    bool waits_for_output;
    bool closing;
    uint64_t upload;               /* octets of a request's body still to come */
    uint64_t held;                 /* requests that are not answered before more have come */
    const struct pattern *pattern; /* the body that is being sent, if any */
    uint64_t body;                 /* octets of it still to be sent */
    size_t input_length;
    size_t output_begin, output_end;
    char input[INPUT_SIZE];
    char output[OUTPUT_SIZE];
};

static struct pattern *patterns;
static char dropped[PATTERN_SIZE];
static int poller;
static char fields30[8192];
static size_t fields30_length;
static struct pattern responses = {.framed = true}; /* of /small, one after the other */

static const char SMALL[] =
    "HTTP/1.1 200 OK\r\n"
    "Date: Mon, 03 Aug 2026 09:21:07 GMT\r\n"
    "Server: canned/1.0\r\n"
    "Content-Type: text/plain; charset=utf-8\r\n"
    "ETag: \"5f1d-64c8a1b20\"\r\n"
    "Content-Length: 64\r\n"
    "\r\n"
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde\n";
static const char CREATED[] = "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n";
static const char MISSING[] = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";

static void die(const char *what) {
    perror(what);
    exit(1);
}

/* Return the octets of some payload, or of as many equal chunks as fit; made once for each. */
static const struct pattern *find_pattern(size_t chunk) {
    struct pattern *found;
    for (found = patterns; found; found = found->next)
        if (found->chunk == chunk)
            return found;
    found = calloc(1, sizeof *found);
    char size[32] = "";
    size_t size_length = chunk ? (size_t)sprintf(size, "%zx\r\n", chunk) : 0;
    size_t frame = chunk ? size_length + chunk + 2 : PATTERN_SIZE;
    size_t count = frame < PATTERN_SIZE ? PATTERN_SIZE / frame : 1;
    found->chunk = chunk;
    found->framed = chunk > 0;
    found->length = frame * count;
    found->octets = malloc(found->length);
    memset(found->octets, 'x', found->length);
    for (size_t i = 0; chunk && i < count; i++) {
        memcpy(found->octets + i * frame, size, size_length);
        memcpy(found->octets + (i + 1) * frame - 2, "\r\n", 2);
    }
    found->next = patterns;
    return patterns = found;
}

static void make_fields30(void) {
    char *end = fields30 + sprintf(fields30, "HTTP/1.1 200 OK\r\nContent-Length: 64\r\n"
        "Content-Type: application/json\r\nDate: Mon, 03 Aug 2026 09:21:07 GMT\r\n"
        "Cache-Control: private, max-age=0, must-revalidate\r\nVary: Accept-Encoding, Origin\r\n"
        "Server: canned/1.0\r\nETag: \"5f1d-64c8a1b20\"\r\n");
    for (int i = 8; i <= 30; i++)
        end += sprintf(end, "X-Canned-Field-%d: value %d of a field that nobody asked for\r\n", i, i);
    end += sprintf(end, "\r\n%s", strstr(SMALL, "\r\n\r\n") + 4);
    fields30_length = (size_t)(end - fields30);
}

static void make_responses(void) {
    size_t frame = sizeof SMALL - 1, count = PATTERN_SIZE / frame;
    responses.length = frame * count;
    responses.octets = malloc(responses.length);
    for (size_t i = 0; i < count; i++)
        memcpy(responses.octets + i * frame, SMALL, frame);
}

static void put(struct connection *c, const char *octets, size_t length) {
    if (length > OUTPUT_SIZE - c->output_end) {
        fprintf(stderr, "too many responses are pipelined\n");
        exit(1);
    }
    memcpy(c->output + c->output_end, octets, length);
    c->output_end += length;
}

/* Book a response with a number of header fields, Content-Length being one of them. */
static void put_fields(struct connection *c, unsigned long long count) {
    char text[128];
    put(c, text, (size_t)sprintf(text, "HTTP/1.1 200 OK\r\nContent-Length: 64\r\n"));
    for (unsigned long long i = 2; i <= count; i++)
        put(c, text, (size_t)sprintf(text, "X-Canned-Field-%llu: value %llu of a field that nobody asked for\r\n", i, i));
    const char *rest = strstr(SMALL, "\r\n\r\n") + 2;
    put(c, rest, strlen(rest));
}

/* Book the response to a request whose head is given, ended by NUL. */
static void respond(struct connection *c, const char *head) {
    unsigned long long count = 0, size = 0;
    const char *target = strchr(head, ' ');
    char text[128];
    target = target ? target + 1 : "";
    /* A target in absolute form is not expected. */
    if (!strncmp(target, "/small ", 7)) {
        put(c, SMALL, sizeof SMALL - 1);
    } else if (!strncmp(target, "/fields30 ", 10)) {
        put(c, fields30, fields30_length);
    } else if (sscanf(target, "/fields/%llu ", &count) == 1) {
        put_fields(c, count);
    } else if (sscanf(target, "/held/%llu ", &count) == 1) {
        if (++c->held == count) {
            c->held = 0;
            c->pattern = &responses;
            c->body = count * (sizeof SMALL - 1);
        }
    } else if (sscanf(target, "/bytes/%llu ", &count) == 1) {
        put(c, text, (size_t)sprintf(text, "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream"
                                           "\r\nContent-Length: %llu\r\n\r\n", count));
        c->pattern = find_pattern(0);
        c->body = count;
    } else if (sscanf(target, "/chunks/%llu/%llu ", &size, &count) == 2 && size) {
        put(c, text, (size_t)sprintf(text, "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream"
                                           "\r\nTransfer-Encoding: chunked\r\n\r\n"));
        c->pattern = find_pattern(size);
        c->body = count * ((size_t)sprintf(text, "%llx", size) + size + 4);
    } else if (!strncmp(target, "/upload ", 8)) {
        const char *length = strcasestr(head, "\r\ncontent-length:");
        c->upload = length ? strtoull(length + 17, NULL, 10) : 0;
        if (!c->upload)
            put(c, CREATED, sizeof CREATED - 1);
    } else {
        put(c, MISSING, sizeof MISSING - 1);
    }
    if (strcasestr(head, "\r\nconnection: close"))
        c->closing = true;
}

/* Take requests from the input, until a body is to be sent or received. */
static void take_requests(struct connection *c) {
    size_t begin = 0;
    while (begin < c->input_length && !c->body && !c->closing) {
        if (c->upload) {
            uint64_t here = c->input_length - begin;
            here = here < c->upload ? here : c->upload;
            begin += here;
            c->upload -= here;
            if (!c->upload)
                put(c, CREATED, sizeof CREATED - 1);
            continue;
        }
        char *end = memmem(c->input + begin, c->input_length - begin, "\r\n\r\n", 4);
        if (!end)
            break;
        end[2] = 0; /* behind the CRLF of the last field */
        respond(c, c->input + begin);
        begin = (size_t)(end + 4 - c->input);
    }
    memmove(c->input, c->input + begin, c->input_length - begin);
    c->input_length -= begin;
}

static void drop(struct connection *c) {
#ifdef WITH_TLS
    if (c->tls) {
        if (c->handshaken)
            SSL_shutdown(c->tls);
        SSL_free(c->tls);
        ERR_clear_error();
    }
#endif
    close(c->fd);
    free(c);
}

/* Return the count of octets, 0 where it would block, or -1 at the end. */
static ssize_t transfer(struct connection *c, char *octets, size_t length, bool sends) {
#ifdef WITH_TLS
    if (c->tls) {
        int count = sends ? SSL_write(c->tls, octets, (int)length) : SSL_read(c->tls, octets, (int)length);
        if (count > 0)
            return count;
        int error = SSL_get_error(c->tls, count);
        ERR_clear_error();
        return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? 0 : -1;
    }
#endif
    ssize_t count = sends ? send(c->fd, octets, length, MSG_NOSIGNAL) : recv(c->fd, octets, length, 0);
    if (count > 0)
        return count;
    return count < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}

static void wait_for_output(struct connection *c, bool wanted) {
    if (c->waits_for_output == wanted)
        return;
    struct epoll_event event = {.events = wanted ? EPOLLOUT : EPOLLIN, .data.ptr = c};
    epoll_ctl(poller, EPOLL_CTL_MOD, c->fd, &event);
    c->waits_for_output = wanted;
}

/* Send what is booked; return false where the connection has ended. */
static bool flush(struct connection *c) {
    for (;;) {
        ssize_t count = 0;
        if (c->output_begin < c->output_end) {
            count = transfer(c, c->output + c->output_begin, c->output_end - c->output_begin, true);
            if (count > 0)
                c->output_begin += (size_t)count;
            if (c->output_begin == c->output_end)
                c->output_begin = c->output_end = 0;
        } else if (c->body) {
            size_t length = c->pattern->length;
            /* The pattern ends where the body does, since the body is a multiple of its frames. */
            size_t begin = c->pattern->framed ? (size_t)((length - c->body % length) % length) : 0;
            size_t rest = length - begin;
            rest = rest < c->body ? rest : (size_t)c->body;
            count = transfer(c, c->pattern->octets + begin, rest, true);
            if (count > 0 && !(c->body -= (uint64_t)count)) {
                if (c->pattern->chunk)
                    put(c, "0\r\n\r\n", 5);
                take_requests(c);
            }
        } else {
            wait_for_output(c, false);
            return !c->closing;
        }
        if (count < 0)
            return false;
        if (count == 0) {
            wait_for_output(c, true);
            return true;
        }
    }
}

/* Receive what there is; return false where the connection has ended. */
static bool receive(struct connection *c) {
    for (;;) {
        ssize_t count;
        if (c->upload > INPUT_SIZE) {
            size_t room = c->upload < sizeof dropped ? (size_t)c->upload : sizeof dropped;
            count = transfer(c, dropped, room, false);
            if (count > 0) {
                c->upload -= (uint64_t)count;
                if (!c->upload)
                    put(c, CREATED, sizeof CREATED - 1);
            }
        } else {
            size_t room = INPUT_SIZE - c->input_length;
            if (!room)
                return false;
            count = transfer(c, c->input + c->input_length, room, false);
            if (count > 0) {
                c->input_length += (size_t)count;
                take_requests(c);
            }
        }
        if (count < 0)
            return false;
        if (!flush(c))
            return false;
        /* Of a plain socket epoll tells again what is left; TLS may hold what it has decrypted. */
        if (count == 0 || !c->tls || c->waits_for_output)
            return true;
    }
}

static bool serve(struct connection *c) {
#ifdef WITH_TLS
    if (c->tls && !c->handshaken) {
        int result = SSL_accept(c->tls);
        if (result != 1) {
            int error = SSL_get_error(c->tls, result);
            ERR_clear_error();
            return error == SSL_ERROR_WANT_READ;
        }
        c->handshaken = true;
    }
#endif
    if (c->waits_for_output) {
        if (!flush(c))
            return false;
        if (c->waits_for_output)
            return true;
        if (!c->tls)
            return true;
    }
    return receive(c);
}

static int listen_on_loopback(int *port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&address, length) || listen(fd, 4096))
        die("listen");
    getsockname(fd, (struct sockaddr *)&address, &length);
    *port = ntohs(address.sin_port);
    return fd;
}

static void accept_all(int listener, void *tls_context) {
    for (;;) {
        int on = 1, fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
        if (fd < 0)
            return;
        /* Not calloc: the buffers need no zeros. */
        struct connection *c = malloc(sizeof *c);
        memset(c, 0, offsetof(struct connection, input));
        c->fd = fd;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
#ifdef WITH_TLS
        if (tls_context) {
            c->tls = SSL_new(tls_context);
            SSL_set_fd(c->tls, fd);
        }
#else
        (void)tls_context;
#endif
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
        epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
    }
}

static void *make_tls_context(const char *chain, const char *key) {
#ifdef WITH_TLS
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    if (SSL_CTX_use_certificate_chain_file(context, chain) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1) {
        ERR_print_errors_fp(stderr);
        exit(1);
    }
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    return context;
#else
    (void)chain, (void)key;
    return NULL;
#endif
}

int main(int argc, char **argv) {
    int plain_port = 0, tls_port = 0, tls = -1;
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    signal(SIGPIPE, SIG_IGN);
    make_fields30();
    make_responses();
    void *tls_context = argc == 3 ? make_tls_context(argv[1], argv[2]) : NULL;
    int plain = listen_on_loopback(&plain_port);
    if (tls_context)
        tls = listen_on_loopback(&tls_port);
    poller = epoll_create1(0);
    struct epoll_event events[64], event = {.events = EPOLLIN};
    int *sources[] = {&plain, &tls, NULL};
    event.data.ptr = sources[0];
    epoll_ctl(poller, EPOLL_CTL_ADD, plain, &event);
    event.data.ptr = sources[1];
    if (tls >= 0)
        epoll_ctl(poller, EPOLL_CTL_ADD, tls, &event);
    event.data.ptr = NULL;
    if (epoll_ctl(poller, EPOLL_CTL_ADD, STDIN_FILENO, &event))
        die("standard input must be a pipe");
    printf("%d %d\n", plain_port, tls_port);
    fflush(stdout);
    for (;;) {
        int count = epoll_wait(poller, events, 64, -1);
        for (int i = 0; i < count; i++) {
            void *source = events[i].data.ptr;
            if (!source)
                return 0; /* the harness has ended */
            if (source == &plain)
                accept_all(plain, NULL);
            else if (source == &tls)
                accept_all(tls, tls_context);
            else if (!serve(source))
                drop(source);
        }
    }
}
