package static

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"unicode/utf8"
)

const (
	plainText = "text/plain; charset=utf-8"
	bytesType = "application/octet-stream"
)

// types are the media types of the web, by extension. The system's tables are
// not asked: the same file has the same type on every machine.
var types = map[string]string{
	".html": "text/html; charset=utf-8", ".htm": "text/html; charset=utf-8",
	".xhtml": "application/xhtml+xml",
	".css":   "text/css; charset=utf-8",
	".js":    "text/javascript; charset=utf-8", ".mjs": "text/javascript; charset=utf-8",
	".json": "application/json", ".map": "application/json",
	".jsonld": "application/ld+json", ".webmanifest": "application/manifest+json",
	".wasm": "application/wasm",
	".xml":  "text/xml; charset=utf-8", ".rss": "application/rss+xml", ".atom": "application/atom+xml",
	".txt": plainText, ".text": plainText, ".log": plainText,
	".md": "text/markdown; charset=utf-8", ".csv": "text/csv; charset=utf-8",
	".ics": "text/calendar; charset=utf-8", ".vtt": "text/vtt; charset=utf-8",

	".avif": "image/avif", ".bmp": "image/bmp", ".gif": "image/gif", ".ico": "image/vnd.microsoft.icon",
	".jpeg": "image/jpeg", ".jpg": "image/jpeg", ".png": "image/png", ".apng": "image/apng",
	".svg": "image/svg+xml", ".tif": "image/tiff", ".tiff": "image/tiff", ".webp": "image/webp",

	".aac": "audio/aac", ".flac": "audio/flac", ".m4a": "audio/mp4", ".mp3": "audio/mpeg",
	".oga": "audio/ogg", ".ogg": "audio/ogg", ".opus": "audio/ogg", ".wav": "audio/wav", ".weba": "audio/webm",

	".m4v": "video/mp4", ".mp4": "video/mp4", ".mov": "video/quicktime", ".mpeg": "video/mpeg",
	".ogv": "video/ogg", ".webm": "video/webm",

	".otf": "font/otf", ".ttf": "font/ttf", ".woff": "font/woff", ".woff2": "font/woff2",

	".pdf": "application/pdf", ".epub": "application/epub+zip",
	".zip": "application/zip", ".gz": "application/gzip", ".tgz": "application/gzip",
	".bz2": "application/x-bzip2", ".xz": "application/x-xz", ".zst": "application/zstd",
	".tar": "application/x-tar", ".7z": "application/x-7z-compressed", ".br": bytesType,
	".bin": bytesType, ".exe": bytesType, ".iso": bytesType, ".deb": bytesType, ".rpm": bytesType,
}

// typeByName returns the media type for a file's name, if its extension tells.
func (h *Handler) typeByName(name []byte) (contentType string, ok bool) {
	extension := name[len(name):]
	if i := bytes.LastIndexAny(name, "./"); i >= 0 && name[i] == '.' {
		extension = name[i:]
	}
	if contentType, ok = types[string(extension)]; ok && h.o.ContentTypes == nil {
		return contentType, true
	}
	ext := strings.ToLower(string(extension))
	if contentType, ok = h.o.ContentTypes[ext]; ok {
		return contentType, true
	}
	contentType, ok = types[ext]
	return contentType, ok
}

// sniffBytes is how much of a file is looked at.
const sniffBytes = 512

// sniff tells text from other content. It finds no richer type, least of all
// HTML: nobody is to run as script what somebody has stored as text.
func sniff(f *file) (contentType string, err error) {
	buf := make([]byte, sniffBytes)
	n, err := f.readAt(buf, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	if looksLikeText(buf[:n], n == len(buf)) {
		return plainText, nil
	}
	return bytesType, nil
}

// looksLikeText tells that b is UTF-8 without control characters that no text
// has. If there is more, the last character may be cut.
func looksLikeText(b []byte, more bool) bool {
	for len(b) > 0 {
		c, size := utf8.DecodeRune(b)
		switch {
		case c == utf8.RuneError && size == 1:
			return more && !utf8.FullRune(b)
		case c < ' ' && c != '\t' && c != '\n' && c != '\r' && c != '\f' && c != '\x1b', c == 0x7f:
			return false
		}
		b = b[size:]
	}
	return true
}
