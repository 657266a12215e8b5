# Sourced by scripts/test: what the end-to-end tests need of the system - a display without a monitor (Xvfb),
# OpenGL without a GPU (Mesa), a browser (chromium), hands (xdotool), and what a Wayland desktop has for those who
# capture it (D-Bus, PipeWire, a picture in it), sound without a speaker and a network of two machines, FFmpeg's programs, and a server that streams are pushed to. As root on Debian or Ubuntu it is installed; else what is missing is named, and the tests that need it skip and say so.

get_system_packages() {
    local missing=() command package
    while read -r command package; do
        command -v "$command" >/dev/null || missing+=("$package")
    done <<<"Xvfb xvfb
chromium chromium
xdotool xdotool
dbus-daemon dbus-daemon
pulseaudio pulseaudio
ffmpeg ffmpeg
ip iproute2
pipewire pipewire
pw-dump pipewire-bin
wireplumber wireplumber
gst-launch-1.0 gstreamer1.0-tools
ffprobe ffmpeg
nginx nginx-light"
    ldconfig -p | grep -q 'libGL\.so\.1' || missing+=(libgl1)
    ls /usr/lib/*/gstreamer-1.0/libgstpipewire.so >/dev/null 2>&1 || missing+=(gstreamer1.0-pipewire)
    ls /usr/lib/*/gstreamer-1.0/libgstvideotestsrc.so >/dev/null 2>&1 || missing+=(gstreamer1.0-plugins-base)
    [ -f /usr/share/dbus-1/interfaces/org.freedesktop.portal.ScreenCast.xml ] || missing+=(xdg-desktop-portal-dev)
    [ -f /usr/lib/nginx/modules/ngx_rtmp_module.so ] || missing+=(libnginx-mod-rtmp)
    ls /usr/lib/*/dri/swrast_dri.so >/dev/null 2>&1 || missing+=(libgl1-mesa-dri)
    [ ${#missing[@]} -gt 0 ] || return 0
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "installing ${missing[*]}"
        apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null && return 0
    fi
    echo "missing for the end-to-end tests: ${missing[*]}; on Debian and Ubuntu: sudo apt install ${missing[*]}"
}
